"""What the portal reads of customers' tanks: those that a supplier has been offered, and no others."""

from dataclasses import dataclass
from typing import Any

from bson import ObjectId

from accounts.models import User
from common.errors import NotFoundError
from common.mongo import Document, collection, object_id
from tanks.models import Tank
from tanks.status import tank_status

CRITICAL_SHOWN = 8
PICTURE = {
    "name": 1,
    "user_id": 1,
    "capacity": 1,
    "current_level": 1,
    "low_water_threshold": 1,
    "critical_threshold": 1,
    "avg_daily_usage": 1,
    "forecast": 1,
}


@dataclass(frozen=True)
class TankRow:
    """A tank at a glance: `level` in percent or None, `room` the litres that fit in now."""

    id: ObjectId
    name: str
    customer: User | None
    capacity: float
    level: float | None
    volume: float | None
    measured_at: Any
    low: float
    critical: float
    status: str
    daily_use: float | None
    days_left: float | None

    @property
    def room(self) -> float | None:
        return None if self.volume is None else max(0.0, self.capacity - self.volume)


def tank_row(document: Document, customer: User | None) -> TankRow:
    current = document.get("current_level") or {}
    forecast = document.get("forecast") or {}
    level = current.get("level")
    low, critical = document["low_water_threshold"], document["critical_threshold"]
    return TankRow(
        id=document["_id"],
        name=document["name"] or "Tank",
        customer=customer,
        capacity=document["capacity"],
        level=level,
        volume=current.get("volume_liters"),
        measured_at=current.get("timestamp"),
        low=low,
        critical=critical,
        status=tank_status(level=level, low_threshold=low, critical_threshold=critical),
        daily_use=document.get("avg_daily_usage"),
        days_left=(forecast.get("daysRemaining") or {}).get("p50"),
    )


def tank_row_of(tank: Tank, customer: User | None) -> TankRow:
    """The same of a tank that is already at hand."""
    current = tank.current_level
    return tank_row(
        {
            "_id": tank.pk,
            "name": tank.name,
            "capacity": tank.capacity,
            "low_water_threshold": tank.low_water_threshold,
            "critical_threshold": tank.critical_threshold,
            "avg_daily_usage": tank.avg_daily_usage,
            "forecast": tank.forecast,
            "current_level": current
            and {
                "level": current.level,
                "volume_liters": current.volume_liters,
                "timestamp": current.timestamp,
            },
        },
        customer,
    )


def tank_rows(documents: list[Document]) -> list[TankRow]:
    customers = User.objects.in_bulk({document["user_id"] for document in documents})
    return [tank_row(document, customers.get(document["user_id"])) for document in documents]


def tanks_needing_water(*, supplier_id: ObjectId) -> list[TankRow]:
    """The emptiest of the supplier's tanks that are at or below their low threshold."""
    found = collection(Tank).aggregate(
        [
            {"$match": {"supplier_ids": supplier_id, "current_level": {"$ne": None}}},
            {"$match": {"$expr": {"$lte": ["$current_level.level", "$low_water_threshold"]}}},
            {"$project": PICTURE},
            {"$sort": {"current_level.level": 1}},
            {"$limit": CRITICAL_SHOWN},
        ]
    )
    return tank_rows(list(found))


def tank_get_for_supplier(*, supplier_id: ObjectId, tank_id: str) -> Tank:
    """A tank that the supplier may see; NotFoundError for any other."""
    key = object_id(tank_id)
    tank = Tank.objects.filter(pk=key, supplier_ids__contains=[supplier_id]).first() if key else None
    if tank is None:
        raise NotFoundError("tank")
    return tank
