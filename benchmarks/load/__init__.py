"""Servers, publishers and the straight loop that the ingest path is measured against."""
