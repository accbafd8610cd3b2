"""What a decision to keep a tank full rests on: read from the database, shaped for `orders.replenishment`."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from bson import ObjectId

from accounts.models import User
from common.mongo import Document, collection
from common.time import iso
from orders.models import Order, Status
from orders.pricing import servable
from orders.replenishment import Supply, TankFacts, Wishes
from orders.scheduling import earliest_delivery
from orders.services.quoting import postal_code_of, suppliers_serving, tiers_of
from tanks.models import Alert, AlertKind, Mind, Quality, Source
from tanks.outlook import Outlook

SAFE_FILL = 95.0  # percent: the rest is left for waves, warmth and a sensor's error
KNOWN_AFTER_DAYS = 7  # before so many days of use are known, the low-water threshold alone decides
UNKNOWN_LEAD_DAYS = 1.0
DOUBTFUL = (AlertKind.STUCK, AlertKind.NOISY, AlertKind.FAULTY)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Bringers:
    """The suppliers that serve the tank's owner; the tank's preferred one goes first."""

    suppliers: list[Document]
    preferred: ObjectId | None

    def most(self, wanted: float) -> tuple[float, Document] | None:
        """The most of `wanted` litres that one of them brings, and who; None if nobody brings any of it."""
        found = [
            (amount, supplier)
            for supplier in self.suppliers
            if (amount := servable(tiers_of(supplier), wanted)) is not None
        ]
        favoured = [one for one in found if one[1]["_id"] == self.preferred]
        # Of those who bring as much, the slowest: the order may go to any of them.
        return max(
            favoured or found,
            key=lambda one: (one[0], one[1]["lead_time_hours"], one[1]["_id"]),
            default=None,
        )


def bringers_of(tank: Document) -> Bringers:
    postal_code = postal_code_of(user_id=tank["user_id"])
    return Bringers(suppliers_serving(postal_code=postal_code), tank["preferred_supplier_id"])


def facts_of(tank: Document) -> TankFacts:
    """The tank and its newest believed level, which it must have. A sensor in doubt makes the level doubtful."""
    level = tank["current_level"]
    quality = str(level["quality"])
    if quality == Quality.GOOD and level["source"] == Source.SENSOR:
        doubts = {"tank_id": tank["_id"], "is_open": True, "kind": {"$in": [str(kind) for kind in DOUBTFUL]}}
        if collection(Alert).count_documents(doubts, limit=1):
            quality = "doubtful"
    return TankFacts(
        capacity=tank["capacity"],
        low_water_threshold=tank["low_water_threshold"],
        level=level["level"],
        read_at=level["timestamp"],
        quality=quality,
        safe_fill=SAFE_FILL,
    )


def supply_of(tank: Document, bringers: Bringers, now: datetime) -> Supply:
    """How soon the water could come, and how much of it at most."""
    space = (SAFE_FILL - tank["current_level"]["level"]) / 100 * tank["capacity"]
    most = bringers.most(space) if space > 0 else None
    if most is None:
        return Supply(lead_days=UNKNOWN_LEAD_DAYS, smallest=0.0)
    arrival = earliest_delivery(now=now, lead_time_hours=most[1]["lead_time_hours"])
    return Supply(lead_days=round((arrival - now) / DAY, 3), smallest=0.0)


def wishes_of(tank: Document, now: datetime) -> Wishes:
    """What the owner wants; months are those of `now`'s time zone."""
    limit = tank["monthly_order_limit"]
    return Wishes(
        paused=[(date.fromisoformat(p["from"]), date.fromisoformat(p["to"])) for p in tank["order_pauses"]],
        monthly_limit_liters=limit,
        ordered_this_month_liters=0.0 if limit is None else _ordered_this_month(tank["_id"], now),
        largest_usual_fill=SAFE_FILL,
    )


def _ordered_this_month(tank_id: ObjectId, now: datetime) -> float:
    begin = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    wanted = {
        "tank_id": tank_id,
        "auto": True,
        "status": {"$ne": str(Status.CANCELLED)},
        "order_date": {"$gte": begin.astimezone(UTC)},
    }
    ordered: list[float] = [order["amount"] for order in collection(Order).find(wanted, {"amount": 1})]
    return sum(ordered)


def mind_of(tank_id: ObjectId) -> Document:
    """What is known of the tank's use; empty for a tank just made."""
    return collection(Mind).find_one({"_id": tank_id}, {"days": 1, "outlook": 1}) or {}


def outlook_of(mind: Document) -> Outlook | None:
    """The forecast of a household that is known; of a new one it says little, and so does not count."""
    known = sum(not estimated for *_, estimated in mind.get("days", []))
    return Outlook.from_document(mind.get("outlook")) if known >= KNOWN_AFTER_DAYS else None


def zone_of(user_id: ObjectId) -> tzinfo:
    user = collection(User).find_one({"_id": user_id}, {"timezone": 1}) or {}
    return ZoneInfo(user.get("timezone") or "UTC")


def context_of(tank: Document, mind: Document) -> dict[str, Any]:
    """What else an order's `why` tells of the tank."""
    forecast = tank["forecast"] or {}
    return {
        "readAt": iso(tank["current_level"]["timestamp"]),
        "avgDailyUsage": tank["avg_daily_usage"],
        "daysKnown": len(mind.get("days", [])),
        "forecastMadeAt": forecast.get("madeAt"),
        "daysRemaining": forecast.get("daysRemaining"),
    }
