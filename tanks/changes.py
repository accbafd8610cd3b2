"""Word that a tank's or a device's settings changed, for processes that keep them in memory.

The ingest path holds devices and tanks in memory and asks this stream, once a batch, what to forget. A change
whose notice was written before a batch began is seen by that batch.
"""

import logging
from collections.abc import Callable
from typing import Any

from django.db.models.signals import post_delete, post_save
from redis import RedisError

from common.redis import client
from tanks.models import Device, Tank

log = logging.getLogger(__name__)
STREAM = "tanks:changed"
KEPT_NOTICES = 10_000

# Apps above add themselves when they start: called with "tank" or "device", and its id.
listeners: list[Callable[[str, str], None]] = []


def tank_changed(tank_id: object) -> None:
    _tell("tank", str(tank_id))


def device_changed(device_id: str) -> None:
    _tell("device", device_id)


def _tell(what: str, name: str) -> None:
    try:
        client().xadd(STREAM, {what: name}, maxlen=KEPT_NOTICES, approximate=True)
    except RedisError as error:
        # What is kept in memory expires by itself, so this is only late.
        log.warning("a change of %s %s could not be told: %s", what, name, error)
    for listener in listeners:
        listener(what, name)


def connect() -> None:
    """Tells of every change made through the ORM's save and delete; `update()` must tell by itself."""
    for signal in (post_save, post_delete):
        signal.connect(_tank_signal, sender=Tank, dispatch_uid=f"tank-changed-{id(signal)}")
        signal.connect(_device_signal, sender=Device, dispatch_uid=f"device-changed-{id(signal)}")


def _tank_signal(instance: Tank, **_: Any) -> None:
    tank_changed(instance.pk)


def _device_signal(instance: Device, **_: Any) -> None:
    device_changed(instance.device_id)
