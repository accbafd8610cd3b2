"""The customer thinks again: cancelling, and another day."""

from datetime import datetime

from accounts.people import Somebody
from common.errors import DomainError
from common.time import iso, utc_now
from orders.models import Event, Order
from orders.payments.services import order_refund
from orders.scheduling import date_problem
from orders.services.change import actor_of, order_change, own, status_now
from orders.states import BEFORE_DEPARTURE, State, sources_of

TRIES = 3


def order_cancel(*, order: Order, by: Somebody, reason: str = "") -> Order:
    """Cancels until departure; what was paid is refunded. Raises DomainError `cannot_cancel` (409)."""
    changed = order_change(
        order_id=order.pk,
        when={**own(by), "status": {"$in": sources_of(State.CANCELLED, actor_of(by))}},
        status=State.CANCELLED,
        event=Event.CANCELLED,
        by=by,
        holder=order.supplier_id,
        notes=reason,
        is_open=False,
    )
    if changed is None:
        raise DomainError("cannot_cancel", f"The order is {status_now(order)} and cannot be cancelled.")
    return order_refund(order=changed)


def order_reschedule(*, order: Order, by: Somebody, scheduled_delivery_date: datetime) -> Order:
    """Moves the delivery to another time, in whatever state before departure; the state stays.

    Raises DomainError `invalid` (400) for a time in the past, `cannot_reschedule` (409).
    """
    if problem := date_problem(scheduled_delivery_date, now=utc_now()):
        raise DomainError("invalid", problem, status=400, errors={"scheduledDeliveryDate": [problem]})
    for _ in range(TRIES):
        if order.status not in BEFORE_DEPARTURE:
            break
        changed = order_change(
            order_id=order.pk,
            when={**own(by), "status": order.status, "supplier_id": order.supplier_id},
            status=order.status,
            event=Event.RESCHEDULED,
            by=by,
            holder=order.supplier_id,
            notes=f"Delivery moved to {iso(scheduled_delivery_date)}",
            scheduled_delivery_date=scheduled_delivery_date,
        )
        if changed:
            return changed
        order = Order.objects.get(pk=order.pk)  # it moved on meanwhile, perhaps only to its next state
    raise DomainError("cannot_reschedule", f"The order is {status_now(order)} and cannot be rescheduled.")
