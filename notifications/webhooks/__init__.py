"""Webhooks: outside systems are told, by the Standard Webhooks scheme, of what their owner may read."""

from notifications.webhooks.services import webhook_emit

__all__ = ["webhook_emit"]
