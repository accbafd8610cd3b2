"""An order's way from placed to delivered, as its supplier takes it."""

from datetime import datetime
from typing import Any

from bson import Decimal128, ObjectId

from accounts.models import Supplier
from accounts.people import Somebody
from common.errors import DomainError
from common.mongo import collection
from common.time import utc_now
from orders.models import Event, Order
from orders.pricing import billed
from orders.scheduling import date_problem, proposed_delivery
from orders.services.change import actor_of, order_change, own
from orders.services.declining import invalid_transition, order_reject
from orders.services.responses import response_count
from orders.states import State, sources_of


def order_accept(*, order: Order, by: Somebody, notes: str = "") -> Order:
    """placed → acknowledged. Raises DomainError `invalid_transition` (409)."""
    changed = _move(order, State.ACKNOWLEDGED, Event.ACCEPTED, by, notes)
    response_count(supplier_id=changed.supplier_id, offered_at=changed.offered_at, answered_at=utc_now())
    return changed


def order_schedule(
    *,
    order: Order,
    by: Somebody,
    scheduled_delivery_date: datetime | None = None,
    driver_id: ObjectId | None = None,
    driver_name: str = "",
    notes: str = "",
) -> Order:
    """acknowledged → scheduled. Without a date: the one agreed before, else the one wished, else the earliest.

    The caller has made sure that the driver is the supplier's. Raises DomainError `invalid_transition` (409).
    """
    now = utc_now()
    if scheduled_delivery_date is None:
        scheduled_delivery_date = proposed_delivery(
            now=now,
            lead_time_hours=_lead_time_hours(order.supplier_id),
            wished=order.requested_date,
            agreed=order.scheduled_delivery_date,
        )
    elif problem := date_problem(scheduled_delivery_date, now=now):
        raise DomainError("invalid", problem, status=400, errors={"scheduledDeliveryDate": [problem]})
    fields = {"scheduled_delivery_date": scheduled_delivery_date, **_driver(driver_id, driver_name)}
    return _move(order, State.SCHEDULED, Event.SCHEDULED, by, notes, **fields)


def order_depart(
    *, order: Order, by: Somebody, driver_id: ObjectId | None = None, driver_name: str = "", notes: str = ""
) -> Order:
    """scheduled → in_transit. Raises DomainError `invalid_transition` (409)."""
    driver = _driver(driver_id, driver_name)
    return _move(order, State.IN_TRANSIT, Event.DEPARTED, by, notes, **driver)


def order_deliver(
    *, order: Order, by: Somebody, delivered_liters: float | None = None, notes: str = ""
) -> Order:
    """in_transit → delivered. Without litres: all that was ordered.

    The litres delivered are billed at the price agreed, but never more than was ordered. What had been paid
    beyond that is noted as to be given back. Raises DomainError `invalid_transition` (409).
    """
    liters = order.amount if delivered_liters is None else delivered_liters
    price = billed(ordered=order.amount, delivered=liters, price_per_liter=order.price_per_liter)
    now = utc_now()
    return _move(
        order,
        State.DELIVERED,
        Event.DELIVERED,
        by,
        notes,
        at=now,
        is_open=False,
        delivered_liters=liters,
        actual_delivery_date=now,
        driver_notes=notes,
        price=Decimal128(price),
    )


def order_transition(
    *,
    order: Order,
    by: Somebody,
    status: str,
    notes: str = "",
    scheduled_delivery_date: datetime | None = None,
    driver_id: ObjectId | None = None,
    driver_name: str = "",
    delivered_liters: float | None = None,
) -> Order:
    """The supplier's change to `status`, whichever it is; `cancelled` gives the order back, see `order_reject`.

    Raises DomainError `invalid_transition` (409).
    """
    driver: dict[str, Any] = {"driver_id": driver_id, "driver_name": driver_name}
    match State(status):
        case State.ACKNOWLEDGED:
            return order_accept(order=order, by=by, notes=notes)
        case State.SCHEDULED:
            return order_schedule(
                order=order, by=by, notes=notes, scheduled_delivery_date=scheduled_delivery_date, **driver
            )
        case State.IN_TRANSIT:
            return order_depart(order=order, by=by, notes=notes, **driver)
        case State.DELIVERED:
            return order_deliver(order=order, by=by, notes=notes, delivered_liters=delivered_liters)
        case State.CANCELLED:
            return order_reject(order=order, by=by, reason=notes)
        case _:
            raise invalid_transition(order, status)


def _move(order: Order, end: State, event: Event, by: Somebody, notes: str, **fields: Any) -> Order:
    when = {"supplier_id": order.supplier_id, **own(by), "status": {"$in": sources_of(end, actor_of(by))}}
    changed = order_change(
        order_id=order.pk,
        when=when,
        status=end,
        event=event,
        by=by,
        holder=order.supplier_id,
        notes=notes,
        **fields,
    )
    if changed is None:
        raise invalid_transition(order, end)
    return changed


def _driver(driver_id: ObjectId | None, driver_name: str) -> dict[str, Any]:
    return {"driver_id": driver_id, "driver_name": driver_name} if driver_id else {}


def _lead_time_hours(supplier_id: ObjectId | None) -> float:
    supplier = collection(Supplier).find_one({"_id": supplier_id}, {"lead_time_hours": 1})
    return float(supplier["lead_time_hours"]) if supplier else 24.0
