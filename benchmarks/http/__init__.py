"""Reads over HTTP: the product against a bare callable and against Express, on one database."""
