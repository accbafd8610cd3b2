"""What follows every step of an order at once: the telling is queued, the supplier sees the tank."""

import logging

from bson import ObjectId
from celery import current_app
from kombu.exceptions import OperationalError

from common.mongo import collection
from tanks.models import Tank

log = logging.getLogger(__name__)


def announce_soon(order_id: ObjectId) -> None:
    """Queues the telling of an order's untold steps; without a broker the sweep finds them."""
    try:
        # By name: the tasks call the services, and so cannot be imported by them.
        current_app.send_task("orders.tasks.order_announce", args=[str(order_id)], retry=False)
    except OperationalError as error:
        log.warning("the announcement of order %s is left to the sweep: %s", order_id, error)


def supplier_may_see(*, tank_id: ObjectId, supplier_id: ObjectId) -> None:
    """From now on the supplier sees the tank's level: it has been asked to fill it."""
    collection(Tank).update_one({"_id": tank_id}, {"$addToSet": {"supplier_ids": supplier_id}})
