"""Finishes what a process that died left behind. Everything here is safe to repeat."""

import logging
from collections.abc import Callable
from datetime import timedelta

from bson import ObjectId
from pymongo.errors import PyMongoError

from common.mongo import Document, collection
from common.time import utc_now
from orders.models import Order, PaymentStatus, Status
from orders.payments.services import order_refund
from orders.services.reviewing import review_count
from orders.services.telling import order_announce, untold_order_ids

log = logging.getLogger(__name__)
GRACE = timedelta(seconds=30)
BATCH = 500
REFUND_DUE: Document = {"status": str(Status.CANCELLED), "payment_status": str(PaymentStatus.PAID)}


def orders_sweep() -> None:
    """Announces untold steps, gives refunds that are due and counts reviews, older than half a minute."""
    for order_id in untold_order_ids():
        _try(order_id, lambda key: order_announce(order_id=key))
    for order_id in _left_behind(REFUND_DUE):
        _try(order_id, lambda key: order_refund(order=Order.objects.get(pk=key)))
    for order_id in _left_behind({"review.counted": False}):
        _try(order_id, lambda key: review_count(order_id=key))


def _left_behind(wanted: Document) -> list[ObjectId]:
    old = {**wanted, "updated_at": {"$lt": utc_now() - GRACE}}
    return [row["_id"] for row in collection(Order).find(old, {"_id": 1}).sort("updated_at", 1).limit(BATCH)]


def _try(order_id: ObjectId, finish: Callable[[ObjectId], object]) -> None:
    """One order that cannot be finished must not keep the others waiting."""
    try:
        finish(order_id)
    except PyMongoError:
        raise
    except Exception:
        log.exception("order %s could not be finished", order_id)
