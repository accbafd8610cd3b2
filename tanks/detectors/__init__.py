"""Detectors: pure functions over the readings up to now; each says raise, clear, or leave as it is."""
