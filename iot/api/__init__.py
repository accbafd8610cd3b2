"""What devices, gateways and the people who set them up ask over HTTP."""
