"""Telling everyone an order concerns, step by step, in order and once.

Each line of an order's history is told under a short lease and then marked as told. A process that dies between
is followed by another: notifications carry a key, so that people hear it once; only the live event, which
carries the whole order, may then come twice.
"""

from datetime import UTC, timedelta, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

from bson import ObjectId
from pymongo import ReturnDocument

from accounts.models import Supplier, User
from common.live import LiveEvent, events_publish
from common.mongo import Document, collection
from common.time import utc_now
from notifications.models import WebhookEvent
from notifications.services import notify
from notifications.webhooks.services import webhook_emit
from orders import messages
from orders.models import Event, Order, PaymentStatus, Status
from orders.payments.services import overpayment_settle
from orders.selectors import admin_payloads, customer_payloads, money, order_payload, supplier_payloads
from orders.services.announcing import supplier_may_see
from tanks.models import Tank

LEASE = timedelta(seconds=30)
UNTOLD_AFTER = timedelta(seconds=30)
BATCH = 500


def order_announce(*, order_id: ObjectId) -> None:
    """Tells every untold step of the order. Returns at once when another process is telling them."""
    while (order := _take(order_id)) is not None:
        untold = [number for number, step in enumerate(order["status_history"]) if step.get("told") is False]
        for number in untold:
            _tell(order, number)
            told = {f"status_history.{number}.told": True}
            collection(Order).update_one({"_id": order_id}, {"$set": told})
        _release(order_id)


def untold_order_ids() -> list[ObjectId]:
    """Orders with a step that should have been told by now: what a sweep announces."""
    wanted = {"unannounced": True, "updated_at": {"$lt": utc_now() - UNTOLD_AFTER}}
    return [
        row["_id"] for row in collection(Order).find(wanted, {"_id": 1}).sort("updated_at", 1).limit(BATCH)
    ]


def _take(order_id: ObjectId) -> Document | None:
    now = utc_now()
    free = {"$or": [{"announcing_until": None}, {"announcing_until": {"$lt": now}}]}
    return collection(Order).find_one_and_update(
        {"_id": order_id, "unannounced": True, **free},
        {"$set": {"announcing_until": now + LEASE}},
        return_document=ReturnDocument.AFTER,
    )


def _release(order_id: ObjectId) -> None:
    """Ends the lease; a step that came meanwhile stays announced for the next round of the caller."""
    untold = {
        "$in": [False, {"$map": {"input": "$status_history", "in": {"$ifNull": ["$$this.told", True]}}}]
    }
    collection(Order).update_one(
        {"_id": order_id}, [{"$set": {"announcing_until": None, "unannounced": untold}}]
    )


def _tell(order: Document, number: int) -> None:
    step = order["status_history"][number]
    customer = collection(User).find_one({"_id": order["user_id"]}, {"timezone": 1, "address": 1}) or {}
    supplier_id = step.get("supplier_id") or order["supplier_id"]
    if supplier_id:
        supplier_may_see(tank_id=order["tank_id"], supplier_id=supplier_id)
    if step["event"] == Event.DELIVERED:
        overpayment_settle(order_id=order["_id"])
        order = collection(Order).find_one({"_id": order["_id"]}) or order
    words = _step(order, number, customer, supplier_id)
    related = {
        "type": messages.TYPES.get(step["event"], "order"),
        "related_model": "order",
        "related_id": order["_id"],
    }
    key = f"order:{order['_id']}:{number}"
    if text := messages.for_customer(words, _zone(customer)):
        notify(user_id=order["user_id"], message=text, key=f"{key}:customer", **related)
    if supplier_id and (text := messages.for_supplier(words, _zone_of(supplier_id))):
        notify(user_id=supplier_id, message=text, key=f"{key}:supplier", **related)
    parties = [party for party in (order["user_id"], order["supplier_id"]) if party]
    webhook_emit(user_ids=parties, type=WebhookEvent.ORDER_STATUS, data=order_payload(order), key=key)
    order_publish(order=order)


def order_publish(*, order: Document) -> None:
    """The live event `order.status`, to each party as it reads the order over HTTP."""
    events = [
        LiveEvent([order["user_id"]], "order.status", customer_payloads([order])[0]),
        LiveEvent(["admins"], "order.status", admin_payloads([order])[0]),
    ]
    if order["supplier_id"]:
        events.append(LiveEvent([order["supplier_id"]], "order.status", supplier_payloads([order])[0]))
    events_publish(events)


def _step(order: Document, number: int, customer: Document, supplier_id: ObjectId | None) -> messages.Step:
    history = order["status_history"]
    step = history[number]
    former_id = history[number - 1].get("supplier_id") if number else None
    companies = {
        row["_id"]: row["company"]
        for row in collection(Supplier).find({"_id": {"$in": [supplier_id, former_id]}}, {"company": 1})
    }
    tank = collection(Tank).find_one({"_id": order["tank_id"]}, {"name": 1}) or {}
    address = customer.get("address") or {}
    by = step["updated_by"]
    return messages.Step(
        event=step["event"],
        number=order["order_number"],
        amount=order["amount"],
        price=order["price"].to_decimal(),
        currency=order["currency"],
        tank=tank.get("name") or "Your tank",
        company=companies.get(supplier_id, "the supplier"),
        former_company=companies.get(former_id, "The supplier"),
        town=" ".join(part for part in (address.get("postal_code"), address.get("city")) if part),
        notes=step["notes"],
        auto=order["auto"],
        delivery=order["scheduled_delivery_date"],
        delivered=order["delivered_liters"],
        refunded=_refunded(order),
        by_supplier=by is not None and by in (supplier_id, former_id),
        by_customer=by == order["user_id"],
    )


def _refunded(order: Document) -> Decimal | None:
    """What the customer gets back, also where the refund is still to be made."""
    due = order["status"] == Status.CANCELLED and order["payment_status"] == PaymentStatus.PAID
    return money(order["payment"]["amount" if due else "refunded"])


def _zone(user: Document) -> tzinfo:
    try:
        return ZoneInfo(user.get("timezone") or "UTC")
    except (KeyError, ValueError):
        return UTC


def _zone_of(user_id: ObjectId) -> tzinfo:
    return _zone(collection(User).find_one({"_id": user_id}, {"timezone": 1}) or {})
