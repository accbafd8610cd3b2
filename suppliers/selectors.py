"""What a supplier reads beside single orders: the schedule, and the customers with their tanks."""

from datetime import datetime
from typing import Any

from bson import ObjectId
from pymongo import ASCENDING

from accounts.models import User
from common.mongo import Document, collection, counted_page
from orders.models import Order, Status
from orders.selectors import CUSTOMER_FIELDS, NOT_READ, customer_payload, supplier_payloads
from tanks.models import Tank
from tanks.selectors import level_payload

PLANNED = [str(Status.SCHEDULED), str(Status.IN_TRANSIT), str(Status.DELIVERED)]


def schedule_page(
    *, supplier_id: ObjectId, start: datetime, end: datetime, skip: int, limit: int
) -> tuple[int, list[Document]]:
    """The deliveries planned from `start` to before `end`: how many, and those of one page, soonest first."""
    wanted = {
        "supplier_id": supplier_id,
        "scheduled_delivery_date": {"$gte": start, "$lt": end},
        "status": {"$in": PLANNED},
    }
    soonest_first = ("scheduled_delivery_date", ASCENDING)
    count, found = counted_page(Order, wanted, order=soonest_first, skip=skip, limit=limit, fields=NOT_READ)
    return count, supplier_payloads(found)


def customers_page(*, supplier_id: ObjectId, skip: int, limit: int) -> tuple[int, list[Document]]:
    """Those the supplier has orders of: how many, and those of one page, whoever ordered last first."""
    delivered = {"$cond": [{"$eq": ["$status", str(Status.DELIVERED)]}, "$delivered_liters", 0]}
    pipeline: list[dict[str, Any]] = [
        {"$match": {"supplier_id": supplier_id}},
        {
            "$group": {
                "_id": "$user_id",
                "orders": {"$sum": 1},
                "open": {"$sum": {"$cond": ["$is_open", 1, 0]}},
                "liters": {"$sum": delivered},
                "newest": {"$max": "$order_date"},
            }
        },
        {"$sort": {"newest": -1, "_id": 1}},
        {
            "$facet": {
                "count": [{"$count": "value"}],
                "page": [{"$skip": skip}, {"$limit": limit}],
            }
        },
    ]
    (found,) = collection(Order).aggregate(pipeline)
    count = found["count"][0]["value"] if found["count"] else 0
    return count, _customers(supplier_id, found["page"])


def _customers(supplier_id: ObjectId, rows: list[Document]) -> list[Document]:
    ids = [row["_id"] for row in rows]
    users = {user["_id"]: user for user in collection(User).find({"_id": {"$in": ids}}, CUSTOMER_FIELDS)}
    tanks: dict[ObjectId, list[Document]] = {}
    fields = {"user_id": 1, "name": 1, "capacity": 1, "low_water_threshold": 1, "current_level": 1}
    for tank in collection(Tank).find({"user_id": {"$in": ids}, "supplier_ids": supplier_id}, fields):
        tanks.setdefault(tank["user_id"], []).append(_tank(tank))
    nobody = {"name": "Former customer", "phone": "", "address": None}
    return [
        {
            **customer_payload(users.get(row["_id"]) or {"_id": row["_id"], **nobody}),
            "orderCount": row["orders"],
            "openOrders": row["open"],
            "deliveredLiters": round(row["liters"], 3),
            "lastOrderDate": row["newest"],
            "tanks": tanks.get(row["_id"], []),
        }
        for row in rows
    ]


def _tank(tank: Document) -> Document:
    current = tank["current_level"]
    return {
        "id": tank["_id"],
        "name": tank["name"],
        "capacity": tank["capacity"],
        "lowWaterThreshold": tank["low_water_threshold"],
        "currentLevel": level_payload(current) if current else None,
    }
