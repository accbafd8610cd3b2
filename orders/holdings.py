"""What orders hold about a person. Orders stay for the books; what people wrote in them goes."""

from collections.abc import Iterator
from typing import Any

from bson import ObjectId

from accounts.personal_data import Holder
from common.errors import DomainError
from common.mongo import collection
from orders.models import Order
from orders.selectors import order_payload


def orders_export(user_id: ObjectId) -> Iterator[Any]:
    for order in collection(Order).find({"user_id": user_id}).sort("order_date", 1):
        yield order_payload(order)


def orders_refuse(user_id: ObjectId) -> None:
    mine = {"is_open": True, "$or": [{"user_id": user_id}, {"supplier_id": user_id}]}
    if collection(Order).find_one(mine, {"_id": 1}):
        raise DomainError("open_order", "There is an open order; cancel it or wait for its delivery.")


def orders_erase(user_id: ObjectId) -> None:
    # Of a history, the customer's own notes are personal; who changed what stays.
    collection(Order).update_many(
        {"user_id": user_id},
        {
            "$set": {
                "delivery_notes": "",
                "customer_signature": "",
                "driver_notes": "",
                "status_history.$[own].notes": "",
            }
        },
        array_filters=[{"own.updated_by": user_id}],
    )


HOLDERS = (Holder(name="orders", export=orders_export, refuse=orders_refuse, erase=orders_erase),)
