"""Placing an order: the space is checked, a supplier chosen and the order written under the tank's lease."""

import math
from datetime import datetime
from typing import Any

from bson import ObjectId
from django.db import IntegrityError

from accounts.models import Supplier
from accounts.people import Somebody
from common.errors import DomainError, NotFoundError
from common.mongo import Document, collection, next_number
from common.time import utc_now
from orders.capacity import fits, free_space
from orders.guards import has_open_order
from orders.models import Event, Order, Payment, Status, StatusChange
from orders.scheduling import date_problem
from orders.services.announcing import announce_soon, supplier_may_see
from orders.services.lease import tank_lease
from orders.services.quoting import Offer, offers_for, postal_code_of
from tanks.models import Tank

WAIT_SECONDS = 3.0
DAY_SECONDS = 86_400


def order_place(
    *,
    user: Somebody | None,
    tank: Tank,
    amount: float,
    supplier_id: ObjectId | None = None,
    requested_date: datetime | None = None,
    notes: str = "",
    payment_method: str = "",
    auto: bool = False,
    why: dict[str, Any] | None = None,
    order_id: ObjectId | None = None,
) -> Order:
    """Orders `amount` litres for the tank, for its owner. `user` is who asked; None: the system.

    Without `supplier_id` the tank's preferred supplier brings it if it can, else the best offer. `auto` orders are
    refused while any order for the tank is open. `order_id` is the id it shall have: where that exists already, the
    order is returned as it is, so that a request broken off can be repeated. Raises DomainError `exceeds_capacity`
    (400), `not_found` (404: the supplier), `no_supplier`, `tank_busy` or, for `auto`, `order_open` (409).
    """
    now = utc_now()
    _check_request(amount, supplier_id, requested_date, now)
    with tank_lease(tank_id=tank.pk, wait_seconds=0 if auto else WAIT_SECONDS) as lease:
        made = Order.objects.filter(pk=order_id).first() if order_id else None
        if made:
            return made
        if auto and has_open_order(tank.pk):
            raise _already_open()
        postal_code = postal_code_of(user_id=lease.tank["user_id"])
        offers = offers_for(postal_code=postal_code, amount=amount, supplier_id=supplier_id)
        offer = _choose(lease.tank, amount, offers, requested_date, now)
        order = Order(
            pk=order_id or ObjectId(),
            order_number=f"WO-{next_number('orders'):04d}",
            user_id=lease.tank["user_id"],
            tank_id=tank.pk,
            supplier_id=offer.supplier_id,
            order_date=now,
            offered_at=now,
            requested_date=requested_date,
            status_history=[
                StatusChange(
                    status=Status.PLACED,
                    event=Event.PLACED,
                    timestamp=now,
                    updated_by=user.pk if user else None,
                    supplier_id=offer.supplier_id,
                    told=False,
                )
            ],
            unannounced=True,
            amount=amount,
            price_per_liter=offer.price_per_liter,
            price=offer.price,
            currency=offer.currency,
            payment=Payment(method=payment_method),
            postal_code=postal_code,
            delivery_notes=notes,
            auto=auto,
            why=why,
        )
        lease.check()
        try:
            order.save(force_insert=True)
        except IntegrityError as error:
            raise _already_open() from error
    supplier_may_see(tank_id=tank.pk, supplier_id=offer.supplier_id)
    announce_soon(order.pk)
    return order


def _already_open() -> DomainError:
    return DomainError("order_open", "The tank has an open order already.")


def _check_request(
    amount: float, supplier_id: ObjectId | None, requested_date: datetime | None, now: datetime
) -> None:
    errors: dict[str, list[str]] = {}
    if not (math.isfinite(amount) and amount > 0):
        errors["amount"] = ["Order more than 0 litres."]
    if requested_date and (problem := date_problem(requested_date, now=now)):
        errors["requestedDate"] = [problem]
    if errors:
        raise DomainError("invalid", "Some fields are not as they should be.", status=400, errors=errors)
    if supplier_id and not collection(Supplier).count_documents({"_id": supplier_id}, limit=1):
        raise NotFoundError("supplier")


def _choose(
    tank: Document, amount: float, offers: list[Offer], requested: datetime | None, now: datetime
) -> Offer:
    """The preferred supplier's offer, else the best, of those for whose delivery there will be space."""
    volume, coming = held_and_coming(tank)

    def space_at(delivery: datetime) -> float:
        return free_space(
            capacity=tank["capacity"],
            volume=volume,
            coming=coming,
            daily_use=tank["avg_daily_usage"],
            days=(delivery - now).total_seconds() / DAY_SECONDS,
        )

    def delivery_of(offer: Offer) -> datetime:
        return max(requested, offer.earliest_delivery) if requested else offer.earliest_delivery

    spaces = [space_at(delivery_of(offer)) for offer in offers] or [space_at(requested or now)]
    if not fits(amount, max(spaces)):
        raise _too_much(max(spaces))
    if not offers:
        raise DomainError("no_supplier", "No supplier serves that amount at the tank's postal code.")
    fitting = [offer for offer, space in zip(offers, spaces, strict=True) if fits(amount, space)]
    preferred = [offer for offer in fitting if offer.supplier_id == tank["preferred_supplier_id"]]
    return (preferred or fitting)[0]


def held_and_coming(tank: Document) -> tuple[float | None, float]:
    """The tank's last known volume, and the litres on their way to it or brought since that was read."""
    level = tank.get("current_level")
    counted: list[Document] = [{"tank_id": tank["_id"], "is_open": True}]
    if level:
        since = {"$gte": level["timestamp"]}
        counted.append({"tank_id": tank["_id"], "is_open": False, "actual_delivery_date": since})
    found = collection(Order).find({"$or": counted}, {"amount": 1, "delivered_liters": 1, "is_open": 1})
    coming = sum(row["amount"] if row["is_open"] else row["delivered_liters"] or 0.0 for row in found)
    return (level["volume_liters"] if level else None), coming


def _too_much(space: float) -> DomainError:
    message = f"The tank will have space for {math.floor(space):,} litres."
    return DomainError(
        "exceeds_capacity",
        message,
        status=400,
        errors={"amount": [message]},
        freeLiters=math.floor(space),
    )
