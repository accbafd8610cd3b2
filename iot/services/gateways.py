"""Gateways: LoRaWAN servers and bridges that bring the uplinks of many devices under one credential."""

import hmac

from iot.models import Gateway
from iot.services.broker import broker_tell
from tanks.services.devices import secret_hash, secret_make


def gateway_secret_renew(*, gateway: Gateway) -> str:
    """A new secret, told only here; the one before stops working."""
    secret = secret_make()
    gateway.secret_hash = secret_hash(secret)
    gateway.save(update_fields=["secret_hash", "updated_at"])
    broker_tell(gateway.gateway_id, secret)
    return secret


def gateway_authenticate(*, gateway_id: str, secret: str) -> Gateway | None:
    """The active gateway that these credentials name, else None, in constant time."""
    gateway: Gateway | None = Gateway.objects.filter(gateway_id=gateway_id, active=True).first()
    kept = gateway.secret_hash if gateway else "-" * 64
    matches = hmac.compare_digest(secret_hash(secret), kept)
    return gateway if matches else None
