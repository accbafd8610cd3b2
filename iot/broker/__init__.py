"""Who may log in at the devices' MQTT broker, and on which topics: for any broker that asks, or is told."""
