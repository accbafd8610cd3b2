"""The demo's orders: the deliveries behind the refills, and open and cancelled ones in every status."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np
from bson import ObjectId

from accounts.models import Supplier
from common.mongo import collection, next_number
from config.demo.hours import morning, slot_before, slots
from config.demo.tanks import Story
from orders.models import Event, Order, OrderReview, Payment, PaymentStatus, Status, StatusChange
from orders.pricing import Price, Tier, price_of
from orders.states import FINAL
from suppliers.models import Driver
from tanks.models import Tank

SAFE_FILL = 0.95
COMMENTS = (
    "On time and friendly.",
    "Called ahead, thank you.",
    "A little late but careful with the gate.",
    "",
    "Quick as always.",
)
ACCEPTED = (Status.PLACED, Status.ACKNOWLEDGED)
AGREED = (*ACCEPTED, Status.SCHEDULED)
# Where the lowest tanks' orders stand, and whether they are with the company one signs in as.
OPEN_ORDERS = (
    ((Status.PLACED,), True),
    ((Status.PLACED,), False),
    (AGREED, True),
    ((Status.PLACED,), True),
    (ACCEPTED, True),
    (AGREED, True),
    (ACCEPTED, False),
    ((*AGREED, Status.IN_TRANSIT), True),
    (AGREED, True),
    (AGREED, False),
    (ACCEPTED, True),
    (AGREED, True),
    (AGREED, True),
)
LATE_BY = timedelta(minutes=80)
ON_THE_ROAD = timedelta(minutes=25)
CANCELLED = (Status.PLACED, Status.CANCELLED)
DELIVERED = (
    Status.PLACED,
    Status.ACKNOWLEDGED,
    Status.SCHEDULED,
    Status.IN_TRANSIT,
    Status.DELIVERED,
)


EVENTS = {
    Status.PLACED: Event.PLACED,
    Status.ACKNOWLEDGED: Event.ACCEPTED,
    Status.SCHEDULED: Event.SCHEDULED,
    Status.IN_TRANSIT: Event.DEPARTED,
    Status.DELIVERED: Event.DELIVERED,
    Status.CANCELLED: Event.CANCELLED,
}


class OrderMaker:
    """Makes orders as they would stand had they gone through the house."""

    def __init__(self, suppliers: list[Supplier], random: np.random.Generator) -> None:
        self.random = random
        self.suppliers = suppliers
        self.drivers = {s.pk: list(Driver.objects.filter(supplier=s)) for s in suppliers}

    def make(
        self,
        story: Story,
        *,
        steps: tuple[Status, ...],
        placed_at: datetime,
        due: datetime,
        liters: float,
        among: list[Supplier] | None = None,
    ) -> Order:
        """An order that went through `steps`, the last of them at `due` when it ended; with one of `among`."""
        supplier, price = self._cheapest(story, liters, among or self.suppliers)
        history = self._history(story, supplier, steps, placed_at, due)
        status = steps[-1]
        delivered = status == Status.DELIVERED
        order = Order(
            user=story.owner,
            tank=story.tank,
            supplier_id=supplier.pk,
            order_date=placed_at,
            offered_at=placed_at,
            scheduled_delivery_date=due if Status.SCHEDULED in steps else None,
            actual_delivery_date=due if delivered else None,
            status=status,
            status_history=history,
            is_open=status not in FINAL,
            amount=liters,
            delivered_liters=liters if delivered else None,
            price_per_liter=price.price_per_liter,
            price=price.total,
            payment_status=PaymentStatus.PAID if delivered else PaymentStatus.PENDING,
            payment=Payment(amount=price.total, paid_at=due + timedelta(hours=3)) if delivered else Payment(),
            postal_code=story.owner.address.postal_code,
            auto=story.tank.auto_order,
            why={"rule": "threshold"} if story.tank.auto_order else None,
        )
        if Status.SCHEDULED in steps:
            drivers = self.drivers[supplier.pk]
            driver = drivers[int(self.random.integers(len(drivers)))]
            order.driver_id, order.driver_name = driver.pk, driver.name
        if delivered and self.random.random() < 0.6:
            order.review = OrderReview(
                rating=int(self.random.choice([3, 4, 4, 5, 5, 5])),
                comment=COMMENTS[int(self.random.integers(len(COMMENTS)))],
                date=due + timedelta(hours=20),
                counted=True,
            )
        return order

    def _cheapest(self, story: Story, liters: float, suppliers: list[Supplier]) -> tuple[Supplier, Price]:
        code = story.owner.address.postal_code
        offers: list[tuple[Decimal, int, Supplier, Price]] = []
        for supplier in suppliers:
            if not any(code in area.postal_codes for area in supplier.service_areas):
                continue
            tiers = [Tier(t.min_volume, t.max_volume, t.price_per_liter) for t in supplier.pricing]
            price = price_of(tiers, liters)
            if price:
                offers.append((price.total, len(offers), supplier, price))
        # Not always the cheapest: some owners have their favourite.
        offers.sort()
        _, _, supplier, price = offers[0] if self.random.random() < 0.55 else offers[-1]
        return supplier, price

    def _history(
        self,
        story: Story,
        supplier: Supplier,
        steps: tuple[Status, ...],
        placed_at: datetime,
        due: datetime,
    ) -> list[StatusChange]:
        by_customer = (Status.PLACED, Status.CANCELLED)
        ended = steps[-1] == Status.DELIVERED
        waits = {
            Status.PLACED: timedelta(),
            Status.ACKNOWLEDGED: timedelta(minutes=int(self.random.integers(8, 90))),
            Status.SCHEDULED: timedelta(minutes=int(self.random.integers(95, 150))),
            Status.CANCELLED: timedelta(hours=2),
        }
        history = []
        for status in steps:
            at = placed_at + waits.get(status, timedelta())
            if status == Status.IN_TRANSIT:
                at = due - timedelta(minutes=40)
            elif status == Status.DELIVERED and ended:
                at = due
            actor: ObjectId | None = story.owner.pk if status in by_customer else supplier.pk
            if status == Status.PLACED and story.tank.auto_order:
                actor = None
            history.append(
                StatusChange(
                    status=status,
                    event=EVENTS[status],
                    timestamp=at,
                    updated_by=actor,
                    supplier_id=supplier.pk,
                )
            )
        return history


def make_orders(
    stories: list[Story], suppliers: list[Supplier], *, now: datetime, random: np.random.Generator
) -> None:
    """Past deliveries, some cancelled orders, and an open order for each of the lowest tanks but the first."""
    maker = OrderMaker(suppliers, random)
    orders: list[Order] = []
    for story in stories:
        for at, liters in story.history.refills:
            placed = morning(at, days=-1) + timedelta(minutes=int(random.integers(0, 8 * 60)))
            orders.append(maker.make(story, steps=DELIVERED, placed_at=placed, due=at, liters=liters))
    for story in stories[4::9]:
        placed = morning(now, days=-int(random.integers(3, 40))) + timedelta(minutes=200)
        liters = round(story.home.capacity * 0.4, -2)
        orders.append(maker.make(story, steps=CANCELLED, placed_at=placed, due=placed, liters=liters))
    lowest = sorted(stories[1:], key=lambda story: story.history.percent[-1])[: len(OPEN_ORDERS)]
    dates = _dates(now)
    for place, (story, (steps, ours)) in enumerate(zip(lowest, OPEN_ORDERS, strict=True)):
        room = SAFE_FILL - story.history.percent[-1] / 100
        liters = float(int(story.home.capacity * room / 100) * 100)
        agreed = Status.SCHEDULED in steps
        due = now + ON_THE_ROAD if steps[-1] == Status.IN_TRANSIT else next(dates) if agreed else now
        placed = now - timedelta(hours=26 if agreed else 1, minutes=40 * place)
        among = suppliers[:1] if ours else suppliers[1:]
        orders.append(maker.make(story, steps=steps, placed_at=placed, due=due, liters=liters, among=among))
    orders.sort(key=lambda order: order.order_date)
    for order in orders:
        order.order_number = f"WO-{next_number('orders'):04d}"
    Order.objects.bulk_create(orders)
    _note_suppliers(orders)
    _rate(suppliers, orders)


def _dates(now: datetime) -> Iterator[datetime]:
    """What is agreed on: one date that has just passed, then the coming hours of work."""
    yield slot_before(now - LATE_BY)
    yield from slots(now + timedelta(hours=1), count=len(OPEN_ORDERS), apart=timedelta(hours=4.5))


def _note_suppliers(orders: list[Order]) -> None:
    """Each supplier may see the tanks it has delivered to."""
    for order in orders:
        collection(Tank).update_one(
            {"_id": order.tank_id}, {"$addToSet": {"supplier_ids": order.supplier_id}}
        )


def _rate(suppliers: list[Supplier], orders: list[Order]) -> None:
    for supplier in suppliers:
        ratings = [o.review.rating for o in orders if o.review and o.supplier_id == supplier.pk]
        if ratings:
            mean = Decimal(sum(ratings)) / len(ratings)
            Supplier.objects.filter(pk=supplier.pk).update(
                rating=round(float(mean), 2), rating_count=len(ratings)
            )
