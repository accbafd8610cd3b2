"""The limit: a bare WSGI callable with the product's queries, a JWT check and one serialization; nothing else.

Served like the product: `gunicorn benchmarks.http.bare:application`. Answers the three paths of `benchmarks.api`
with the same bodies as the product.
"""

import os
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import jwt
import orjson
from bson import CodecOptions, Decimal128, ObjectId
from pymongo import MongoClient

SECRET = os.environ["SECRET_KEY"]
OFFLINE = {"registered": "offline"}
HIDDEN_IN_ORDERS = {"announcing_until": 0, "unannounced": 0, "declined_by": 0}
HIDDEN_IN_TANKS = {"filter_state": 0}
SOURCES, QUALITIES = ("sensor", "manual", "estimated"), ("good", "suspect", "estimated")

_database: Any = None


def database() -> Any:
    """Connected in the worker: a client does not survive the fork."""
    global _database
    if _database is None:
        options: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True, tzinfo=UTC)
        client: MongoClient[dict[str, Any]] = MongoClient(os.environ["MONGODB_URI"])
        _database = client.get_database(os.environ["MONGODB_NAME"], codec_options=options)
    return _database


def default(value: Any) -> Any:
    if isinstance(value, ObjectId):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")[:-6] + "Z"
    if isinstance(value, Decimal128):
        return orjson.Fragment(format(value.to_decimal(), "f"))
    raise TypeError(type(value))


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    token = environ["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    user_id = ObjectId(jwt.decode(token, SECRET, algorithms=["HS256"])["sub"])
    _, _, what, *rest = environ["PATH_INFO"].split("/")
    query = dict(parse_qsl(environ["QUERY_STRING"]))
    if what == "orders":
        answer = orders(user_id, int(query["pageSize"]))
    elif rest:
        answer = levels(user_id, ObjectId(rest[0]), int(query["limit"]), environ)
    else:
        answer = tanks(user_id)
    body = orjson.dumps(answer, default=default, option=orjson.OPT_PASSTHROUGH_DATETIME)
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def levels(user_id: ObjectId, tank_id: ObjectId, limit: int, environ: dict[str, Any]) -> Any:
    tank = database().tanks_tank.find_one({"_id": tank_id, "user_id": user_id}, {"series": 1})
    series = tank["series"].to_bytes(4, "big")
    wanted = {"_id": {"$gte": series + bytes(8), "$lt": series + b"\xff" * 8}}
    found = list(database().readings.find(wanted).sort("_id", -1).limit(limit + 1))
    results = [
        {
            "level": row["l"] / 1000,
            "volumeLiters": row["v"] / 1000,
            "timestamp": datetime.fromtimestamp(int.from_bytes(row["_id"][4:10], "big") / 1000, UTC),
            "source": SOURCES[row.get("s", 0)],
            "quality": QUALITIES[row.get("q", 0)],
        }
        for row in found[:limit]
    ]
    following = None
    if len(found) > limit:
        last = found[limit - 1]["_id"]
        cursor = f"{int.from_bytes(last[4:10], 'big')}-{int.from_bytes(last[10:], 'big')}"
        path = f"http://{environ['HTTP_HOST']}{environ['PATH_INFO']}"
        following = f"{path}?{environ['QUERY_STRING']}&cursor={cursor}"
    return {"results": results, "next": following}


def orders(user_id: ObjectId, size: int) -> Any:
    mine, found = {"user_id": user_id}, database().orders_order
    page = list(found.find(mine, HIDDEN_IN_ORDERS).sort("order_date", -1).limit(size + 1))
    count = found.count_documents(mine) if len(page) > size else len(page)
    page = page[:size]
    suppliers = by_id("accounts_supplier", {row["supplier_id"] for row in page}, {"company": 1, "rating": 1})
    tanks_ = by_id("tanks_tank", {row["tank_id"] for row in page}, {"name": 1})
    results = [order(row, suppliers.get(row["supplier_id"]), tanks_.get(row["tank_id"])) for row in page]
    following = f"http://127.0.0.1/api/orders?page=2&pageSize={size}" if count > size else None
    return {"count": count, "next": following, "previous": None, "results": results}


def by_id(name: str, ids: set[Any], fields: dict[str, int]) -> dict[Any, dict[str, Any]]:
    return {row["_id"]: row for row in database()[name].find({"_id": {"$in": list(ids)}}, fields)}


def order(row: dict[str, Any], supplier: Any, tank: Any) -> dict[str, Any]:
    payment = row["payment"]
    return {
        "id": row["_id"], "orderNumber": row["order_number"], "userId": row["user_id"], "tankId": row["tank_id"],
        "supplierId": row["supplier_id"], "orderDate": row["order_date"], "requestedDate": row["requested_date"],
        "scheduledDeliveryDate": row["scheduled_delivery_date"],
        "actualDeliveryDate": row["actual_delivery_date"], "status": row["status"],
        "statusHistory": [
            {"status": step["status"], "timestamp": step["timestamp"], "updatedBy": step["updated_by"],
             "notes": step["notes"]}
            for step in row["status_history"]
        ],
        "amount": row["amount"], "price": row["price"], "pricePerLiter": row["price_per_liter"],
        "currency": row["currency"], "invoiceNumber": row["invoice_number"] or None,
        "paymentStatus": row["payment_status"],
        "payment": {
            "provider": payment["provider"], "method": payment["method"] or None,
            "reference": payment["reference"] or None, "amount": payment["amount"],
            "refunded": payment["refunded"], "paidAt": payment["paid_at"], "refundedAt": payment["refunded_at"],
        },
        "deliveryNotes": row["delivery_notes"], "customerSignature": row["customer_signature"] or None,
        "driverNotes": row["driver_notes"],
        "delivery": {"driverId": row["driver_id"], "driverName": row["driver_name"] or None,
                     "deliveredLiters": row["delivered_liters"],
                     "measuredLiters": row.get("measured_liters")},
        "tracking": None, "auto": row["auto"], "why": row["why"], "review": None,
        "createdAt": row["created_at"], "updatedAt": row["updated_at"],
        "supplier": {"id": supplier["_id"], "company": supplier["company"], "rating": supplier["rating"]},
        "tankName": tank["name"],
    }  # fmt: skip


def tanks(user_id: ObjectId) -> Any:
    mine = {"user_id": user_id}
    page = list(database().tanks_tank.find(mine, HIDDEN_IN_TANKS).sort("created_at", -1).limit(21))
    count = database().tanks_tank.count_documents(mine) if len(page) > 20 else len(page)
    page = page[:20]
    ids = {"$in": [row["_id"] for row in page]}
    devices = database().tanks_device.find({"tank_id": ids}, {"tank_id": 1, "status": 1})
    statuses = {row["tank_id"]: OFFLINE.get(row["status"], row["status"]) for row in devices}
    alerts: dict[ObjectId, list[Any]] = {}
    for row in database().tanks_alert.find({"tank_id": ids, "is_open": True}):
        alerts.setdefault(row["tank_id"], []).append(row["_id"])
    results = [tank(row, statuses.get(row["_id"], "none"), alerts.get(row["_id"], [])) for row in page]
    return {"count": count, "next": None, "previous": None, "results": results}


def tank(row: dict[str, Any], device_status: str, alerts: list[Any]) -> dict[str, Any]:
    now, (longitude, latitude) = row["current_level"], row["location"]["coordinates"]
    return {
        "id": row["_id"], "userId": row["user_id"], "name": row["name"], "capacity": row["capacity"],
        "avgDailyUsage": row["avg_daily_usage"], "lowWaterThreshold": row["low_water_threshold"],
        "criticalThreshold": row["critical_threshold"], "autoOrder": row["auto_order"],
        "orderPauses": row["order_pauses"], "monthlyOrderLimit": row["monthly_order_limit"],
        "preferredSupplier": row["preferred_supplier_id"], "deviceId": row["device_id"],
        "deviceKind": row["device_kind"], "geometry": row["geometry"], "installedDate": row["installed_date"],
        "lastMaintenance": row["last_maintenance"],
        "location": {"latitude": latitude, "longitude": longitude},
        "currentLevel": {
            "level": now["level"], "volumeLiters": now["volume_liters"], "timestamp": now["timestamp"],
            "source": now["source"], "quality": now["quality"],
        },
        "forecast": row["forecast"], "status": "ok", "deviceStatus": device_status, "openAlerts": alerts,
        "createdAt": row["created_at"], "updatedAt": row["updated_at"],
    }  # fmt: skip
