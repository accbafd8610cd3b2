"""The way of a reading: from a message of any transport to the stored level and what follows from it."""
