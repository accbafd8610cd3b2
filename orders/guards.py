"""What orders forbid elsewhere."""

from bson import ObjectId

from common.errors import DomainError
from common.mongo import collection
from orders.models import Order


def refuse_open_order(tank_id: ObjectId) -> None:
    """A tank that water is on its way to is not deleted: DomainError `open_order` (409)."""
    if collection(Order).find_one({"tank_id": tank_id, "is_open": True}, {"_id": 1}):
        raise DomainError("open_order", "The tank has an open order; cancel it or wait for its delivery.")
