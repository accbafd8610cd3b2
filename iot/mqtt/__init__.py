"""The product's end of the MQTT broker."""
