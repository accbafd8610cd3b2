"""Payments: the seed's PaymentService. Providers are in `registry`, one file each; `services` moves the state."""
