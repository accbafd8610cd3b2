"""Tanks: registering, changing, deleting."""

from collections.abc import Callable
from typing import Any

from bson import ObjectId

from common.errors import DomainError
from common.mongo import collection, next_number
from common.time import utc_now
from tanks import readings
from tanks.models import Alert, Device, Mind, Tank
from tanks.services.devices import device_register, device_release, devices_take_away, login_tell


def tank_create(*, user_id: ObjectId, device_id: str | None = None, **fields: Any) -> tuple[Tank, str | None]:
    """A new tank of the user; with `device_id` also its device, whose secret is told only here.

    Raises DomainError `device_taken` (409), and no tank is made then.
    """
    if device_id and Device.objects.filter(device_id=device_id).exists():
        raise DomainError("device_taken", "That device is registered already.")
    _check_thresholds(fields, Tank())
    tank = Tank(user_id=user_id, series=next_number("series"), **fields)
    tank.supplier_ids = [tank.preferred_supplier_id] if tank.preferred_supplier_id else []
    tank.save()
    if not device_id:
        return tank, None
    try:
        _, secret = device_register(tank=tank, device_id=device_id, kind=tank.device_kind)
    except DomainError:
        tank.delete()
        raise
    return tank, secret


def tank_update(*, tank: Tank, **fields: Any) -> str | None:
    """Changes the given fields alone. A new `device_id` replaces the device: returns its secret, else None.

    A capacity change keeps the level's percentage of readings already stored; new ones use the new capacity.
    Raises DomainError `device_taken` (409).
    """
    _check_thresholds(fields, tank)
    device_id = fields.pop("device_id", tank.device_id)
    secret = None
    if device_id != tank.device_id:
        if device_id:
            kind = fields.get("device_kind", tank.device_kind)
            _, secret = device_register(tank=tank, device_id=device_id, kind=kind)
        else:
            device_release(tank=tank)
    elif "device_kind" in fields and fields["device_kind"] != tank.device_kind:
        Device.objects.filter(tank_id=tank.pk).update(kind=fields["device_kind"], updated_at=utc_now())
        if tank.device_id:
            login_tell(tank.device_id, None)
    supplier = fields.get("preferred_supplier")
    if supplier is not None:
        collection(Tank).update_one({"_id": tank.pk}, {"$addToSet": {"supplier_ids": supplier.pk}})
    for name, value in fields.items():
        setattr(tank, name, value)
    tank.save(update_fields=[*fields, "updated_at"])
    return secret


# Apps above that may forbid a deletion add a check here when they start: it raises a DomainError.
deletion_guards: list[Callable[[ObjectId], None]] = []


def tank_delete(*, tank: Tank) -> None:
    """Deletes the tank with its device, alerts and readings, unless a guard forbids it (DomainError 409)."""
    for guard in deletion_guards:
        guard(tank.pk)
    # Readings go last: a crash before leaves nothing that points at missing ones, and a series is never reused.
    devices_take_away(tank_id=tank.pk)
    Alert.objects.filter(tank_id=tank.pk).delete()
    collection(Mind).delete_one({"_id": tank.pk})
    collection(Tank).delete_one({"_id": tank.pk})
    readings.delete_all([tank.series])


def _check_thresholds(fields: dict[str, Any], tank: Tank) -> None:
    """Critical is never above low; a critical threshold nobody chose follows a low one down."""
    low = fields.get("low_water_threshold", tank.low_water_threshold)
    critical = fields.get("critical_threshold")
    if critical is None:
        fields["critical_threshold"] = min(tank.critical_threshold, low)
    elif critical > low:
        message = "The critical threshold may not be above the low-water threshold."
        raise DomainError("thresholds_crossed", message, errors={"criticalThreshold": [message]})
