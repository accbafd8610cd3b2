"""Changes a supplier makes to its own company: only the fields named are written."""

from typing import Any

from accounts.models import PriceTier, ServiceArea, Supplier, User
from suppliers import crew
from suppliers.models import Driver, Vehicle

Rows = list[dict[str, Any]]
"""What a form set holds; rows marked `DELETE` are to go."""


def _kept(rows: Rows) -> Rows:
    return [row for row in rows if not row["DELETE"]]


def company_update(
    *,
    supplier: Supplier,
    user: User,
    company: str,
    name: str,
    phone: str,
    timezone: str,
    lead_time_hours: float,
    active: bool,
) -> None:
    supplier.company, supplier.lead_time_hours, supplier.active = company, lead_time_hours, active
    supplier.save(update_fields=["company", "lead_time_hours", "active", "updated_at"])
    user.name, user.phone, user.timezone = name, phone, timezone
    user.save(update_fields=["name", "phone", "timezone", "updated_at"])


def areas_set(*, supplier: Supplier, rows: Rows) -> None:
    """All service areas: `region` and `postal_codes` each."""
    supplier.service_areas = [
        ServiceArea(region=row["region"], postal_codes=row["postal_codes"]) for row in _kept(rows)
    ]
    supplier.save(update_fields=["service_areas", "updated_at"])


def prices_set(*, supplier: Supplier, rows: Rows) -> None:
    """All price tiers, by volume: `min_volume`, `max_volume` and `price_per_liter` each."""
    fields = ("min_volume", "max_volume", "price_per_liter")
    supplier.pricing = [
        PriceTier(**{field: row[field] for field in fields})
        for row in sorted(_kept(rows), key=lambda row: row["min_volume"])
    ]
    supplier.save(update_fields=["pricing", "updated_at"])


def drivers_set(*, supplier: Supplier, rows: Rows) -> None:
    """Drivers: rows with the `id` of one of the supplier's change or remove it, others are new."""
    known = {str(driver.pk): driver for driver in Driver.objects.filter(supplier_id=supplier.pk)}
    for row in rows:
        fields = {field: row[field] for field in ("name", "phone", "active")}
        driver = known.pop(row["id"], None)
        if driver and row["DELETE"]:
            crew.driver_delete(driver=driver)
        elif driver:
            crew.driver_update(driver=driver, **fields)
        elif not row["DELETE"]:
            crew.driver_create(supplier_id=supplier.pk, **fields)


def vehicles_set(*, supplier: Supplier, rows: Rows) -> None:
    """Vehicles, as `drivers_set` does it."""
    known = {str(vehicle.pk): vehicle for vehicle in Vehicle.objects.filter(supplier_id=supplier.pk)}
    for row in rows:
        fields = {field: row[field] for field in ("name", "plate", "capacity_liters", "driver_id", "active")}
        vehicle = known.pop(row["id"], None)
        if vehicle and row["DELETE"]:
            crew.vehicle_delete(vehicle=vehicle)
        elif vehicle:
            crew.vehicle_update(vehicle=vehicle, **fields)
        elif not row["DELETE"]:
            crew.vehicle_create(supplier_id=supplier.pk, **fields)
