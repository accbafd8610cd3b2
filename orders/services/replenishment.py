"""Keep-full: a tank that may run dry before water could come is filled without anyone asking, once."""

import logging
from datetime import datetime, timedelta

from bson import ObjectId

from common.errors import DomainError
from common.mongo import Document, collection
from common.time import utc_now
from notifications.models import Type
from notifications.services import notify
from orders.guards import has_open_order
from orders.models import Order, Status
from orders.replenishment import FRESH, decide
from orders.services.keeping_full import (
    bringers_of,
    context_of,
    facts_of,
    mind_of,
    outlook_of,
    supply_of,
    wishes_of,
    zone_of,
)
from orders.services.placing import order_place
from tanks.models import Tank

log = logging.getLogger(__name__)

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
    if tank is None or tank["current_level"] is None or has_open_order(tank_id):
        return None
    now = utc_now()
    if _was_just_served(tank_id, tank["current_level"]["timestamp"], now):
        return None
    bringers, mind = bringers_of(tank), mind_of(tank_id)
    local = now.astimezone(zone_of(tank["user_id"]))
    decision = decide(
        tank=facts_of(tank),
        forecast=outlook_of(mind),
        supply=supply_of(tank, bringers, now),
        wishes=wishes_of(tank, local),
        now=local,
    )
    if not decision.order:
        if decision.why["held"] == "monthly_limit":
            _tell_limit(tank, local)
        return None
    most = bringers.most(decision.amount)
    if most is None:
        _tell_nobody_serves(tank, now)
        return None
    try:
        return order_place(
            user=None,
            tank=Tank.objects.get(pk=tank_id),
            amount=most[0],
            auto=True,
            why={**decision.why, **context_of(tank, mind), "amount": most[0]},
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


def _was_just_served(tank_id: ObjectId, read_at: datetime, now: datetime) -> bool:
    """Water was brought after the level was read, or an automatic order was cancelled lately."""
    served = {"status": str(Status.DELIVERED), "actual_delivery_date": {"$gt": read_at - SETTLING}}
    refused = {"status": str(Status.CANCELLED), "auto": True, "updated_at": {"$gt": now - HOLD_OFF}}
    wanted = {"tank_id": tank_id, "is_open": False, "$or": [served, refused]}
    return collection(Order).count_documents(wanted, limit=1) > 0


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


def _tell_limit(tank: Document, now: datetime) -> None:
    notify(
        user_id=tank["user_id"],
        type=Type.WARNING,
        message=f"{tank['name'] or 'Your tank'} needs water, but this month's limit of "
        f"{tank['monthly_order_limit']:,.0f} litres for automatic orders is reached.",
        key=f"replenish:{tank['_id']}:limit:{now:%Y-%m}",
        related_model="tank",
        related_id=tank["_id"],
        urgent=True,
    )
