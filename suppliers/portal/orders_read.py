"""What the portal reads of orders: few queries a page, each by an index, newest first."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from bson import ObjectId
from django.utils import timezone

from accounts.models import User
from common.mongo import collection
from orders.models import Order, Status
from orders.reporting import totals
from suppliers.portal.paging import PAGE_SIZE, Page, page_within
from tanks.models import Tank

OPEN = (Status.PLACED, Status.ACKNOWLEDGED, Status.SCHEDULED, Status.IN_TRANSIT)
MAX_FOUND_CUSTOMERS = 200
ORDER_NUMBER = re.compile(r"(?:wo-?)?(\d{1,12})", re.IGNORECASE)


@dataclass(frozen=True)
class OrderRow:
    """An order with whom and what it is for."""

    order: Order
    customer: User | None
    tank: Tank | None

    @property
    def is_late(self) -> bool:
        """Agreed for a time that has passed, and not there yet."""
        agreed = self.order.scheduled_delivery_date
        return self.order.is_open and agreed is not None and agreed < timezone.now()


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """The reader's day as a half-open range of times."""
    zone = timezone.get_current_timezone()
    start = datetime.combine(day, time.min, zone)
    return start, datetime.combine(day + timedelta(days=1), time.min, zone)


def find_orders(match: Mapping[str, Any], *, sort: str, skip: int = 0, limit: int) -> list[OrderRow]:
    """Orders with their customers and tanks: three queries, however many rows."""
    direction = -1 if sort.startswith("-") else 1
    found = list(
        Order.objects.raw_aggregate(
            [
                {"$match": dict(match)},
                {"$sort": {sort.removeprefix("-"): direction}},
                {"$skip": skip},
                {"$limit": limit},
            ]
        )
    )
    return with_parties(found)


def with_parties(orders: Iterable[Order]) -> list[OrderRow]:
    orders = list(orders)
    customers = User.objects.in_bulk({order.user_id for order in orders})
    tanks = Tank.objects.in_bulk({order.tank_id for order in orders})
    return [OrderRow(order, customers.get(order.user_id), tanks.get(order.tank_id)) for order in orders]


def status_counts(*, supplier_id: ObjectId) -> dict[str, int]:
    """How many of the supplier's orders are in each status; 0 where there are none."""
    counted = collection(Order).aggregate(
        [{"$match": {"supplier_id": supplier_id}}, {"$group": {"_id": "$status", "count": {"$sum": 1}}}]
    )
    counts: dict[str, int] = dict.fromkeys(Status.values, 0)
    counts.update({row["_id"]: row["count"] for row in counted})
    return counts


def new_orders(*, supplier_id: ObjectId) -> int:
    """How many wait for the supplier's answer."""
    return collection(Order).count_documents({"supplier_id": supplier_id, "status": Status.PLACED})


def orders_page(*, supplier_id: ObjectId, status: str, search: str, number: int) -> Page[OrderRow]:
    """One page of the supplier's orders; `status` may also be `open`, `late` or `all`."""
    match: dict[str, Any] = {"supplier_id": supplier_id}
    if status == "open":
        match["status"] = {"$in": list(OPEN)}
    elif status == "late":
        match |= {"is_open": True, "scheduled_delivery_date": {"$lt": timezone.now()}}
    elif status != "all":
        match["status"] = status
    if search:
        match["$or"] = _search(supplier_id, search)
    count = collection(Order).count_documents(match)
    number = page_within(number, count)
    rows = find_orders(match, sort="-order_date", skip=(number - 1) * PAGE_SIZE, limit=PAGE_SIZE)
    return Page(rows, count, number)


def _search(supplier_id: ObjectId, text: str) -> list[dict[str, Any]]:
    """By order number, postal code, or a part of the customer's name, e-mail or phone."""
    part = {"$regex": re.escape(text), "$options": "i"}
    own = collection(Order).distinct("user_id", {"supplier_id": supplier_id})
    people = collection(User).find(
        {"_id": {"$in": own}, "$or": [{"name": part}, {"email": part}, {"phone": part}]}, {"_id": 1}
    )
    ids = [person["_id"] for person in people.limit(MAX_FOUND_CUSTOMERS)]
    found: list[dict[str, Any]] = [{"user_id": {"$in": ids}}, {"postal_code": text}]
    number = ORDER_NUMBER.fullmatch(text)
    if number:
        found.append({"order_number": {"$regex": f"^WO-0*{number[1]}"}})
    return found


@dataclass(frozen=True)
class Counters:
    new: int
    today: int
    in_transit: int
    late: int
    to_schedule: int


def counters(*, supplier_id: ObjectId) -> Counters:
    """The figures above the dashboard; `today` counts what is agreed for today and not yet delivered."""
    counts = status_counts(supplier_id=supplier_id)
    start, end = day_bounds(timezone.localdate())
    mine: dict[str, Any] = {"supplier_id": supplier_id, "is_open": True}
    orders = collection(Order)
    return Counters(
        new=counts[Status.PLACED],
        to_schedule=counts[Status.ACKNOWLEDGED],
        today=orders.count_documents({**mine, "scheduled_delivery_date": {"$gte": start, "$lt": end}}),
        in_transit=counts[Status.IN_TRANSIT],
        late=orders.count_documents({**mine, "scheduled_delivery_date": {"$lt": timezone.now()}}),
    )


@dataclass(frozen=True)
class Delivered:
    """What was delivered in some time: `price` is the money for it."""

    count: int
    liters: float
    price: Decimal


def delivered_since(*, supplier_id: ObjectId, since: datetime) -> Delivered:
    sums = totals(
        wanted={
            "supplier_id": supplier_id,
            "status": str(Status.DELIVERED),
            "actual_delivery_date": {"$gte": since},
        }
    )
    return Delivered(sums["count"], sums["liters"], sums["price"])


def deliveries_between(*, supplier_id: ObjectId, start: datetime, end: datetime) -> list[OrderRow]:
    """What is agreed for that time, cancelled ones aside, in order of time."""
    return find_orders(
        {
            "supplier_id": supplier_id,
            "scheduled_delivery_date": {"$gte": start, "$lt": end},
            "status": {"$ne": Status.CANCELLED},
        },
        sort="scheduled_delivery_date",
        limit=500,
    )
