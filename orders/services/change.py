"""The one way an order changes: a conditional update that also appends to its history."""

from datetime import datetime
from typing import Any

from bson import ObjectId

from accounts.people import Somebody
from common.mongo import Document, collection
from common.time import utc_now
from orders.models import Event, Order
from orders.services.announcing import announce_soon
from orders.states import Actor

NOTES_LENGTH = 1_000


def actor_of(user: Somebody | None) -> Actor:
    """In which part somebody acts; None is the system."""
    return Actor(str(user.role)) if user else Actor.SYSTEM


def own(user: Somebody | None) -> Document:
    """The filter for the orders that somebody may act on: the customer's, the present supplier's, all of them."""
    actor = actor_of(user)
    if user and actor == Actor.CUSTOMER:
        return {"user_id": user.pk}
    if user and actor == Actor.SUPPLIER:
        return {"supplier_id": user.pk}
    return {}


def order_change(
    *,
    order_id: ObjectId,
    when: Document,
    status: str,
    event: Event,
    by: Somebody | None,
    holder: ObjectId | None,
    notes: str = "",
    at: datetime | None = None,
    declined_by: ObjectId | None = None,
    **fields: Any,
) -> Order | None:
    """Sets `fields` and the status if the order still is as `when` says; None when it no longer is.

    `holder` is the supplier who has the order from now on. The step is announced afterwards, by a task that a sweep
    repeats, so that it is told also when this process dies here.
    """
    now = at or utc_now()
    step = {
        "status": str(status),
        "event": str(event),
        "timestamp": now,
        "updated_by": by.pk if by else None,
        "supplier_id": holder,
        "notes": notes[:NOTES_LENGTH],
        "told": False,
    }
    pushed: Document = {"status_history": step}
    if declined_by:
        pushed["declined_by"] = declined_by
    values = {**fields, "status": str(status), "updated_at": now, "unannounced": True}
    changed = collection(Order).update_one({"_id": order_id, **when}, {"$set": values, "$push": pushed})
    if changed.matched_count == 0:
        return None
    announce_soon(order_id)
    return Order.objects.get(pk=order_id)


def status_now(order: Order) -> str:
    """The order's status as it is stored now, for telling why a change came too late."""
    stored = collection(Order).find_one({"_id": order.pk}, {"status": 1})
    return str(stored["status"] if stored else order.status).replace("_", " ")
