"""Figures over many orders: the seed's ReportingService. Read from a secondary where there is one."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from bson import ObjectId
from django.conf import settings
from django.db.models import Model
from pymongo import ReadPreference
from pymongo.collection import Collection

from accounts.models import Role, Supplier, User
from common.mongo import Document, collection
from common.time import utc_now
from orders.models import Order, Status
from orders.selectors import money
from tanks.models import Alert, Device, DeviceStatus, Tank

ZERO = Decimal(0)
LATELY = timedelta(days=30)
MONTHS = 12
HOUR_MS = 3_600_000
DELIVERED: Document = {"$eq": ["$status", str(Status.DELIVERED)]}


def _reading(model: type[Model]) -> Collection[Document]:
    return collection(model).with_options(read_preference=ReadPreference.SECONDARY_PREFERRED)


def totals(*, wanted: Document) -> Document:
    """Orders that match: how many by status, how many automatic, litres and price of the delivered, the newest."""
    rows = _reading(Order).aggregate(
        [
            {"$match": wanted},
            {
                "$group": {
                    "_id": "$status",
                    "count": {"$sum": 1},
                    "automatic": {"$sum": {"$cond": ["$auto", 1, 0]}},
                    "liters": {"$sum": {"$cond": [DELIVERED, "$delivered_liters", 0]}},
                    "price": {"$sum": {"$cond": [DELIVERED, "$price", 0]}},
                    "newest": {"$max": "$order_date"},
                }
            },
        ]
    )
    found = {row["_id"]: row for row in rows}
    delivered = found.get(Status.DELIVERED)
    return {
        "count": sum(row["count"] for row in found.values()),
        "by_status": {status: found.get(status, {}).get("count", 0) for status in Status.values},
        "automatic": sum(row["automatic"] for row in found.values()),
        "liters": round(delivered["liters"], 3) if delivered else 0.0,
        "price": money(delivered["price"]) if delivered else ZERO,
        "newest": max((row["newest"] for row in found.values()), default=None),
    }


def months(*, wanted: Document, since: datetime) -> list[Document]:
    """Deliveries by calendar month (UTC), oldest first."""
    rows = _reading(Order).aggregate(
        [
            {
                "$match": {
                    **wanted,
                    "status": str(Status.DELIVERED),
                    "actual_delivery_date": {"$gte": since},
                }
            },
            {
                "$group": {
                    "_id": {"$dateToString": {"date": "$actual_delivery_date", "format": "%Y-%m"}},
                    "orders": {"$sum": 1},
                    "liters": {"$sum": "$delivered_liters"},
                    "price": {"$sum": "$price"},
                }
            },
            {"$sort": {"_id": 1}},
        ]
    )
    return [
        {
            "month": row["_id"],
            "orders": row["orders"],
            "liters": round(row["liters"], 3),
            "price": money(row["price"]),
        }
        for row in rows
    ]


def customer_statistics(*, user_id: ObjectId) -> Document:
    """A customer's orders in figures, as the API tells them."""
    sums = totals(wanted={"user_id": user_id})
    since = utc_now() - timedelta(days=366)
    return {
        "totalOrders": sums["count"],
        "byStatus": sums["by_status"],
        "automaticOrders": sums["automatic"],
        "totalLiters": sums["liters"],
        "totalSpent": sums["price"],
        "currency": settings.CURRENCY,
        "averagePricePerLiter": _mean_price(sums),
        "lastOrderDate": sums["newest"],
        "months": months(wanted={"user_id": user_id}, since=since)[-MONTHS:],
    }


def supplier_dashboard(*, supplier_id: ObjectId) -> Document:
    """A supplier's day and month in figures, as the API tells them."""
    now = utc_now()
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    mine: Document = {"supplier_id": supplier_id}
    orders = _reading(Order)
    day = {"$gte": today, "$lt": today + timedelta(days=1)}
    under_way = {"$in": [str(Status.SCHEDULED), str(Status.IN_TRANSIT)]}
    lately = totals(
        wanted={**mine, "status": str(Status.DELIVERED), "actual_delivery_date": {"$gte": now - LATELY}}
    )
    supplier = _reading(Supplier).find_one({"_id": supplier_id}) or {}
    return {
        "ordersByStatus": totals(wanted=mine)["by_status"],
        "toAnswer": orders.count_documents({**mine, "status": str(Status.PLACED)}),
        "deliveriesToday": orders.count_documents(
            {**mine, "scheduled_delivery_date": day, "status": under_way}
        ),
        "deliveredToday": orders.count_documents(
            {**mine, "status": str(Status.DELIVERED), "actual_delivery_date": day}
        ),
        "late": orders.count_documents(
            {**mine, "scheduled_delivery_date": {"$lt": now}, "status": under_way}
        ),
        "deliveredLast30Days": lately["count"],
        "litersLast30Days": lately["liters"],
        "revenueLast30Days": lately["price"],
        "currency": settings.CURRENCY,
        "customers": len(orders.distinct("user_id", mine)),
        "lowTanks": _reading(Tank).count_documents({"supplier_ids": supplier_id, "$expr": LOW}),
        "rating": supplier.get("rating"),
        "ratingCount": supplier.get("rating_count", 0),
        "avgResponseTime": supplier.get("avg_response_time"),
    }


LOW: Document = {
    "$and": [
        {"$ne": [{"$ifNull": ["$current_level", None]}, None]},
        {"$lte": ["$current_level.level", "$low_water_threshold"]},
    ]
}


def system_statistics() -> Document:
    """The whole system in figures, as the API tells them."""
    sums = totals(wanted={})
    return {
        "users": _counts(User, "role", Role.values),
        "activeSuppliers": _reading(Supplier).count_documents({"active": True}),
        "tanks": _reading(Tank).estimated_document_count(),
        "automaticTanks": _reading(Tank).count_documents({"auto_order": True}),
        "lowTanks": _reading(Tank).count_documents({"$expr": LOW}),
        "devices": _counts(Device, "status", DeviceStatus.values),
        "openAlerts": _reading(Alert).count_documents({"is_open": True}),
        "orders": sums["by_status"],
        "automaticOrders": sums["automatic"],
        "deliveredLiters": sums["liters"],
        "revenue": sums["price"],
        "currency": settings.CURRENCY,
        "averageDeliveryHours": _delivery_hours(),
    }


def _counts(model: type[Model], field: str, values: list[Any]) -> Document:
    rows = _reading(model).aggregate([{"$group": {"_id": f"${field}", "count": {"$sum": 1}}}])
    found = {row["_id"]: row["count"] for row in rows}
    return {value: found.get(value, 0) for value in values}


def _delivery_hours() -> float | None:
    recent = {"status": str(Status.DELIVERED), "order_date": {"$gte": utc_now() - LATELY}}
    took = {"$avg": {"$subtract": ["$actual_delivery_date", "$order_date"]}}
    rows = list(_reading(Order).aggregate([{"$match": recent}, {"$group": {"_id": None, "ms": took}}]))
    return round(rows[0]["ms"] / HOUR_MS, 2) if rows and rows[0]["ms"] is not None else None


def _mean_price(sums: Document) -> Decimal | None:
    if not sums["liters"]:
        return None
    mean: Decimal = sums["price"] / Decimal(str(sums["liters"]))
    return round(mean, 6)
