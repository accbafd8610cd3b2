"""Keep-full: a tank that runs low is filled without anyone asking, once."""

import logging
import math
from datetime import datetime, timedelta
from typing import Any

from bson import ObjectId

from common.errors import DomainError
from common.mongo import Document, collection
from common.time import iso, utc_now
from notifications.models import Type
from notifications.services import notify
from orders.guards import has_open_order
from orders.models import Order, Status
from orders.pricing import servable
from orders.services.placing import order_place
from orders.services.quoting import postal_code_of, suppliers_serving, tiers_of
from tanks.models import Quality, Tank

log = logging.getLogger(__name__)

SAFE_FILL = 0.95  # of the capacity: the rest is left for waves, warmth and a sensor's error
SMALL = 10  # litres
FRESH = timedelta(hours=24)
SETTLING = timedelta(minutes=15)  # after a delivery the sensor needs a while to see it
HOLD_OFF = timedelta(
    hours=24
)  # after an automatic order was cancelled: somebody did not want it, or nobody could
NOT_NOW = {"order_open", "tank_busy"}


def tank_replenish(*, tank_id: ObjectId) -> Order | None:
    """Orders water for the tank if it is due; None if it is not.

    Safe to call any number of times, from any number of workers: one automatic order is open for a tank at most.
    An old or doubtful level never orders. When no supplier can bring it, the owner is told, once a day.
    """
    tank = collection(Tank).find_one({"_id": tank_id, "auto_order": True})
    if tank is None or has_open_order(tank_id):
        return None
    now = utc_now()
    why, wanted = _reason(tank, now), _wanted(tank)
    if why is None or wanted <= 0:
        return None
    amount = _amount(tank, wanted)
    if amount is None:
        _tell_nobody_serves(tank, now)
        return None
    try:
        return order_place(
            user=None,
            tank=Tank.objects.get(pk=tank_id),
            amount=amount,
            auto=True,
            why={**why, "amount": amount},
        )
    except DomainError as error:
        if error.code == "no_supplier":
            _tell_nobody_serves(tank, now)
        elif error.code not in NOT_NOW:
            log.warning("tank %s could not be replenished: %s", tank_id, error)
        return None


def tanks_replenish_due() -> None:
    """Every tank that is low and keeps itself full, whether or not a reading has said so lately."""
    low = {"$lte": ["$current_level.level", "$low_water_threshold"]}
    fresh = {"$gte": utc_now() - FRESH}
    wanted = {"auto_order": True, "current_level.timestamp": fresh, "$expr": low}
    for tank in collection(Tank).find(wanted, {"_id": 1}):
        tank_replenish(tank_id=tank["_id"])


def _reason(tank: Document, now: datetime) -> dict[str, Any] | None:
    """The reading and the rule for ordering now, None against it."""
    level = tank["current_level"]
    if level is None or level["quality"] != Quality.GOOD or now - level["timestamp"] > FRESH:
        return None
    if level["level"] > tank["low_water_threshold"] or _was_just_served(tank["_id"], level["timestamp"], now):
        return None
    return {
        "rule": "low_water",
        "level": level["level"],
        "lowWaterThreshold": tank["low_water_threshold"],
        "volumeLiters": level["volume_liters"],
        "readAt": iso(level["timestamp"]),
        "capacity": tank["capacity"],
        "safeFillPercent": SAFE_FILL * 100,
        "avgDailyUsage": tank["avg_daily_usage"],
    }


def _was_just_served(tank_id: ObjectId, read_at: datetime, now: datetime) -> bool:
    """Water was brought after the level was read, or an automatic order was cancelled lately."""
    served = {"status": str(Status.DELIVERED), "actual_delivery_date": {"$gt": read_at - SETTLING}}
    refused = {"status": str(Status.CANCELLED), "auto": True, "updated_at": {"$gt": now - HOLD_OFF}}
    wanted = {"tank_id": tank_id, "is_open": False, "$or": [served, refused]}
    return collection(Order).count_documents(wanted, limit=1) > 0


def _wanted(tank: Document) -> float:
    """The litres up to the safe fill, whole ones but for the smallest tanks."""
    level = tank["current_level"]
    space: float = tank["capacity"] * SAFE_FILL - (level["volume_liters"] if level else 0.0)
    return math.floor(space) if space >= SMALL else round(space, 3)


def _amount(tank: Document, wanted: float) -> float | None:
    """As much of it as a supplier's tiers allow, the preferred one's first; None if nobody serves it."""
    postal_code = postal_code_of(user_id=tank["user_id"])
    amounts = {
        supplier["_id"]: amount
        for supplier in suppliers_serving(postal_code=postal_code)
        if (amount := servable(tiers_of(supplier), wanted))
    }
    return amounts.get(tank["preferred_supplier_id"]) or max(amounts.values(), default=None)


def _tell_nobody_serves(tank: Document, now: datetime) -> None:
    notify(
        user_id=tank["user_id"],
        type=Type.WARNING,
        message=f"{tank['name'] or 'Your tank'} is running low, but no supplier can fill it. Please see to it.",
        key=f"replenish:{tank['_id']}:unserved:{now:%Y-%m-%d}",
        related_model="tank",
        related_id=tank["_id"],
        urgent=True,
    )
