"""What orders forbid elsewhere."""

from bson import ObjectId

from common.errors import DomainError
from common.mongo import collection
from orders.models import Order


def has_open_order(tank_id: ObjectId) -> bool:
    """Whether some order for the tank is neither delivered nor cancelled."""
    return collection(Order).find_one({"tank_id": tank_id, "is_open": True}, {"_id": 1}) is not None


def refuse_open_order(tank_id: ObjectId) -> None:
    """A tank that water is on its way to is not deleted: DomainError `open_order` (409)."""
    if has_open_order(tank_id):
        raise DomainError("open_order", "The tank has an open order; cancel it or wait for its delivery.")
