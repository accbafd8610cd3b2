"""The API of what people are told: in the app, by push, and by webhooks."""
