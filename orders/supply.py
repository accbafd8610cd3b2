"""What orders tell the tanks: how soon water can come, and which of it is on its way."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from bson import ObjectId

from common.mongo import Document, collection, update_many_ways
from common.time import utc_now
from orders.models import Order, Status
from orders.scheduling import earliest_delivery
from orders.services.quoting import postal_code_of, suppliers_serving
from tanks.services.supply import Delivery

# The water may be seen before the driver notes it, and what was noted on the way may arrive late.
BEFORE, AFTER = timedelta(hours=36), timedelta(hours=24)
DAY = timedelta(days=1)


class OrderedSupply:
    """`tanks.services.supply.Supply`, by the suppliers and orders of the database."""

    def lead_days(self, tank: Document) -> float | None:
        serving = suppliers_serving(postal_code=postal_code_of(user_id=tank["user_id"]))
        preferred = [one for one in serving if one["_id"] == tank.get("preferred_supplier_id")]
        hours = [one["lead_time_hours"] for one in preferred or serving]
        if not hours:
            return None
        now = utc_now()
        return (earliest_delivery(now=now, lead_time_hours=min(hours)) - now) / DAY

    def deliveries(
        self, tank_ids: Collection[ObjectId], since: datetime
    ) -> Mapping[ObjectId, list[Delivery]]:
        wanted = {
            "tank_id": {"$in": list(tank_ids)},
            "$or": [
                {"is_open": True},
                {
                    "is_open": False,
                    "status": str(Status.DELIVERED),
                    "actual_delivery_date": {"$gte": since - AFTER},
                },
            ],
        }
        fields = {"tank_id": 1, "order_date": 1, "is_open": 1, "actual_delivery_date": 1}
        found: dict[ObjectId, list[Delivery]] = {}
        for order in collection(Order).find(wanted, fields):
            brought = order["actual_delivery_date"]
            if order["is_open"] or brought is None:
                start, end = order["order_date"], None
            else:
                start, end = max(order["order_date"], brought - BEFORE), brought + AFTER
            found.setdefault(order["tank_id"], []).append(Delivery(order["_id"], start, end))
        return found

    def measured(self, liters: Mapping[ObjectId, float]) -> None:
        writes = [
            {"q": {"_id": order_id}, "u": {"$set": {"measured_liters": seen}}}
            for order_id, seen in liters.items()
        ]
        if writes:
            update_many_ways(Order, writes)
