"""Starts, watches and stops the embedded servers and the processes of the product (`make run`)."""
