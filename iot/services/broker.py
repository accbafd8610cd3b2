"""Devices' and gateways' logins, brought to a Mosquitto that keeps its own (`MQTT_CONTROL_URL`).

A secret is known only when it is made, so it travels then: in the task that writes it, sealed by the product's key,
since the broker may be away for hours.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.db.models.signals import post_delete

from common.queue import enqueue
from iot.models import Gateway
from tanks.models import Device
from tanks.services.devices import login_listeners


def connect() -> None:
    """Hears of every login that is made, renewed or ended."""
    login_listeners.append(broker_tell)
    for sender, field in ((Device, "device_id"), (Gateway, "gateway_id")):
        post_delete.connect(
            lambda instance, field=field, **_: broker_tell(getattr(instance, field), None),
            sender=sender,
            weak=False,
            dispatch_uid=f"broker-login-{field}",
        )


def broker_tell(username: str, secret: str | None) -> None:
    """Has a worker bring the user's login and topics up to date at the broker."""
    if not settings.MQTT_CONTROL_URL:
        return
    from iot.tasks import broker_user_write  # the tasks import the services

    enqueue(broker_user_write, username, seal(secret) if secret else "")


def seal(secret: str) -> str:
    return _fernet().encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str:
    """Raises InvalidToken for what another key sealed."""
    return _fernet().decrypt(sealed.encode()).decode()


def _fernet() -> Fernet:
    key: Any = hashlib.sha256(b"broker logins" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))
