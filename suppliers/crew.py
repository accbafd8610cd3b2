"""A supplier's drivers and vehicles."""

from typing import Any, TypeVar

from bson import ObjectId

from common.errors import NotFoundError
from common.time import utc_now
from suppliers.models import Driver, Vehicle


def driver_get_for(*, supplier_id: ObjectId, driver_id: ObjectId) -> Driver:
    """The supplier's own driver. Raises NotFoundError."""
    driver: Driver | None = Driver.objects.filter(pk=driver_id, supplier_id=supplier_id).first()
    if driver is None:
        raise NotFoundError("driver")
    return driver


def vehicle_get_for(*, supplier_id: ObjectId, vehicle_id: ObjectId) -> Vehicle:
    """The supplier's own vehicle. Raises NotFoundError."""
    vehicle: Vehicle | None = Vehicle.objects.filter(pk=vehicle_id, supplier_id=supplier_id).first()
    if vehicle is None:
        raise NotFoundError("vehicle")
    return vehicle


def driver_for_order(*, supplier_id: ObjectId, driver_id: ObjectId | None) -> dict[str, Any]:
    """`driver_id` and `driver_name` as the order services want them; empty without a driver.

    Raises NotFoundError for one that is not the supplier's.
    """
    if driver_id is None:
        return {}
    driver = Driver.objects.filter(pk=driver_id, supplier_id=supplier_id).first()
    if driver is None:
        raise NotFoundError("driver")
    return {"driver_id": driver.pk, "driver_name": driver.name}


Crew = TypeVar("Crew", Driver, Vehicle)


def driver_create(*, supplier_id: ObjectId, **fields: Any) -> Driver:
    driver: Driver = Driver.objects.create(supplier_id=supplier_id, **fields)
    return driver


def driver_update(*, driver: Driver, **fields: Any) -> Driver:
    return _update(driver, fields)


def driver_delete(*, driver: Driver) -> None:
    """Removes the driver, also from the vehicles; orders keep the name of who drove."""
    Vehicle.objects.filter(supplier_id=driver.supplier_id, driver_id=driver.pk).update(
        driver_id=None, updated_at=utc_now()
    )
    driver.delete()


def vehicle_create(*, supplier_id: ObjectId, **fields: Any) -> Vehicle:
    """Raises NotFoundError for a driver who is not the supplier's."""
    _check_driver(supplier_id, fields)
    vehicle: Vehicle = Vehicle.objects.create(supplier_id=supplier_id, **fields)
    return vehicle


def vehicle_update(*, vehicle: Vehicle, **fields: Any) -> Vehicle:
    """Raises NotFoundError for a driver who is not the supplier's."""
    _check_driver(vehicle.supplier_id, fields)
    return _update(vehicle, fields)


def vehicle_delete(*, vehicle: Vehicle) -> None:
    vehicle.delete()


def _update(thing: Crew, fields: dict[str, Any]) -> Crew:
    for name, value in fields.items():
        setattr(thing, name, value)
    if fields:
        thing.save(update_fields=[*fields, "updated_at"])
    return thing


def _check_driver(supplier_id: ObjectId, fields: dict[str, Any]) -> None:
    driver_id = fields.get("driver_id")
    if driver_id and not Driver.objects.filter(pk=driver_id, supplier_id=supplier_id).exists():
        raise NotFoundError("driver")
