"""Devices: registering, and their secrets."""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from bson import ObjectId
from django.db import IntegrityError
from pymongo import ReturnDocument

from common.errors import DomainError, NotFoundError
from common.mongo import collection
from common.time import utc_now
from tanks.changes import device_changed
from tanks.models import Device, DeviceStatus, Tank

SECRET_BYTES = 24
OVERLAP = timedelta(hours=24)

# Apps above that keep devices' logins elsewhere add themselves when they start. Called with the device's id, and
# with its new secret where there is one: the only moment at which it is known.
login_listeners: list[Callable[[str, str | None], None]] = []


def secret_hash(secret: str) -> str:
    # A secret has 192 random bits: a plain digest cannot be guessed, and costs microseconds on the ingest path.
    return hashlib.sha256(secret.encode()).hexdigest()


def secret_make() -> str:
    return secrets.token_urlsafe(SECRET_BYTES)


def slot_take(*, tank_id: ObjectId) -> int:
    """The number of the tank's next device. Raises NotFoundError."""
    counted = collection(Tank).find_one_and_update(
        {"_id": tank_id}, {"$inc": {"device_slots": 1}}, return_document=ReturnDocument.AFTER
    )
    if counted is None:
        raise NotFoundError("tank")
    return int(counted["device_slots"])


def device_register(
    *, tank: Tank, device_id: str, kind: str, secret: str | None = None
) -> tuple[Device, str]:
    """Binds a new device to the tank, in place of the one it has; returns it with its secret, told only here.

    `secret` is one that the device came with. Raises DomainError `device_taken` (409) when the id is registered
    already, to whomever.
    """
    secret = secret or secret_make()
    slot = slot_take(tank_id=tank.pk)
    try:
        device = Device.objects.create(
            device_id=device_id, tank=tank, kind=kind, slot=slot, secret_hash=secret_hash(secret)
        )
    except IntegrityError as error:
        raise DomainError("device_taken", "That device is registered already.") from error
    devices_take_away(tank_id=tank.pk, but=device.pk)
    Tank.objects.filter(pk=tank.pk).update(device_id=device_id, device_kind=kind, updated_at=utc_now())
    tank.device_id, tank.device_kind = device_id, kind
    login_tell(device_id, secret)
    return device, secret


def login_tell(device_id: str, secret: str | None) -> None:
    """Says that a device's login or kind is new."""
    for listener in login_listeners:
        listener(device_id, secret)


def device_release(*, tank: Tank) -> None:
    """Takes the tank's device from it; the id may then be registered anew. The readings stay."""
    devices_take_away(tank_id=tank.pk)
    Tank.objects.filter(pk=tank.pk).update(device_id=None, updated_at=utc_now())
    tank.device_id = None


def devices_take_away(*, tank_id: ObjectId, but: ObjectId | None = None) -> None:
    """Ends the tank's devices, except `but`; those with a claim code are free to be claimed again instead."""
    devices = Device.objects.filter(tank_id=tank_id).exclude(pk=but)
    for device in devices.filter(claim_hash__gt=""):
        Device.objects.filter(pk=device.pk, tank_id=tank_id).update(
            tank=None, status=DeviceStatus.REGISTERED, decoder_state={}, last_seen=None, updated_at=utc_now()
        )
        device_changed(device.device_id)
    devices.all().delete()


def device_secret_rotate(*, device: Device) -> str:
    """A new secret, told only here. The one before works for another 24 hours, so that no reading is lost."""
    secret = secret_make()
    now = utc_now()
    Device.objects.filter(pk=device.pk).update(
        secret_hash=secret_hash(secret),
        previous_secret_hash=device.secret_hash,
        previous_secret_until=now + OVERLAP,
        updated_at=now,
    )
    device_changed(device.device_id)
    login_tell(device.device_id, secret)
    return secret


def secret_matches(
    secret: str, *, present: str, before: str | None, until: datetime | None, now: datetime
) -> bool:
    """Whether a device's secret hashes to the present one, or to the one before, in force `until` then.

    In constant time.
    """
    digest = secret_hash(secret)
    is_present = hmac.compare_digest(digest, present)
    is_before = hmac.compare_digest(digest, before or "-" * len(digest))
    return is_present or (is_before and until is not None and until > now)
