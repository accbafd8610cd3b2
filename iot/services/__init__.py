"""What is written of gateways and of devices that nobody owns yet."""
