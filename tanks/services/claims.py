"""Devices that ship before anyone owns them: registered by an operator, claimed by whoever holds the device.

A shipped device has its secret in it and keeps it: claiming needs the code of its label, tells no secret and
changes none. Given back (taken from its tank), it can be claimed again by the same code: the label stays on it.
"""

import hashlib
import re
import secrets
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from bson import ObjectId
from django.db import IntegrityError
from pymongo import ReturnDocument

from common.errors import DomainError, NotFoundError
from common.mongo import collection, object_id
from common.time import utc_now
from tanks.changes import device_changed
from tanks.device_ids import DEVICE_ID, MAX_LENGTH
from tanks.models import Device, DeviceKind, DeviceStatus, Tank
from tanks.services.devices import (
    device_register,
    devices_take_away,
    login_tell,
    secret_hash,
    secret_make,
    slot_take,
)

# Crockford's base 32: no I, L, O, U, so that a label is read in one way.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH, GROUP = 16, 4  # 80 random bits: nobody guesses one
MISREAD = str.maketrans("OIL", "011")


class Wanted(NamedTuple):
    """A device to be registered: of a tank, or (None) to be claimed. `secret` is the maker's, if it has one."""

    device_id: str
    kind: str
    tank_id: str | None = None
    secret: str | None = None


class Provisioned(NamedTuple):
    """What became of one: its secret and claim code, told only here, or why not."""

    device_id: str
    kind: str
    secret: str = ""
    claim_code: str = ""
    problem: str = ""


def claim_code_make() -> str:
    text = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    return "-".join(text[at : at + GROUP] for at in range(0, CODE_LENGTH, GROUP))


def claim_hash(code: str) -> str:
    """Of a code however it was typed: case, spaces and dashes do not matter, nor 0 for O or 1 for I."""
    plain = "".join(code.upper().split()).replace("-", "").translate(MISREAD)
    return hashlib.sha256(plain.encode()).hexdigest()


def devices_provision(*, wanted: Iterable[Wanted], batch: str = "") -> list[Provisioned]:
    """Registers each device on its own; one that cannot be is told of, and the others stand."""
    return [_provision(one, batch) for one in wanted]


def batch_make(*, count: int, kind: str, prefix: str, batch: str = "") -> list[Provisioned]:
    """`count` new devices, `<prefix>-<random>`, to be claimed."""
    names = [f"{prefix}-{secrets.token_hex(5)}" for _ in range(count)]
    return devices_provision(wanted=[Wanted(name, kind) for name in names], batch=batch)


def _provision(one: Wanted, batch: str) -> Provisioned:
    problem = _problem(one)
    if problem:
        return Provisioned(one.device_id, one.kind, problem=problem)
    try:
        if one.tank_id:
            tank = Tank.objects.filter(pk=object_id(one.tank_id)).first()
            if tank is None:
                return Provisioned(one.device_id, one.kind, problem="no such tank")
            _, secret = device_register(tank=tank, device_id=one.device_id, kind=one.kind, secret=one.secret)
            return Provisioned(one.device_id, one.kind, secret)
        secret, code = one.secret or secret_make(), claim_code_make()
        Device.objects.create(
            device_id=one.device_id,
            kind=one.kind,
            secret_hash=secret_hash(secret),
            claim_hash=claim_hash(code),
            batch=batch,
        )
    except (IntegrityError, DomainError):
        return Provisioned(one.device_id, one.kind, problem="registered already")
    login_tell(one.device_id, secret)
    return Provisioned(one.device_id, one.kind, secret, code)


def _problem(one: Wanted) -> str:
    if not re.fullmatch(DEVICE_ID, one.device_id) or len(one.device_id) > MAX_LENGTH:
        return "not a device id"
    if one.kind not in DeviceKind.values:
        return f"unknown kind {one.kind!r}"
    if one.secret is not None and not 16 <= len(one.secret) <= 128:
        return "a secret has 16 to 128 characters"
    if one.tank_id and object_id(one.tank_id) is None:
        return "not a tank id"
    return ""


def device_claim(*, tank: Tank, code: str) -> Device:
    """Gives the device of this code to the tank, in place of the one it has. Again by its owner: no change.

    Raises NotFoundError `unknown_claim_code`, DomainError `already_claimed` (409). Of two claims one wins.
    """
    wanted = claim_hash(code)
    device: Device | None = Device.objects.filter(claim_hash=wanted).first()
    if device is None:
        raise NotFoundError("device", code="unknown_claim_code")
    if device.tank_id == tank.pk:
        return device
    slot = slot_take(tank_id=tank.pk)
    now = utc_now()
    changes = {
        "tank_id": tank.pk,
        "slot": slot,
        "status": DeviceStatus.REGISTERED.value,
        "status_changed_at": now,
        "updated_at": now,
    }
    claimed = collection(Device).find_one_and_update(
        {"claim_hash": wanted, "tank_id": None}, {"$set": changes}, return_document=ReturnDocument.AFTER
    )
    if claimed is None:
        raise DomainError(
            "already_claimed", "That device belongs to another tank; its owner has to release it."
        )
    _bind(tank, claimed["_id"], claimed["device_id"], claimed["kind"])
    return Device.objects.get(pk=claimed["_id"])


def _bind(tank: Tank, device_pk: ObjectId, device_id: str, kind: str) -> None:
    devices_take_away(tank_id=tank.pk, but=device_pk)
    Tank.objects.filter(pk=tank.pk).update(device_id=device_id, device_kind=kind, updated_at=utc_now())
    tank.device_id, tank.device_kind = device_id, kind
    device_changed(device_id)


def csv_rows(rows: Sequence[dict[str, str]]) -> list[Wanted]:
    """Rows of an uploaded file, by its header: deviceId, kind, tankId, secret; the last three may be empty."""
    return [
        Wanted(
            device_id=(row.get("deviceId") or "").strip(),
            kind=(row.get("kind") or DeviceKind.JSON).strip(),
            tank_id=(row.get("tankId") or "").strip() or None,
            secret=(row.get("secret") or "").strip() or None,
        )
        for row in rows
    ]
