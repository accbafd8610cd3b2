"""A supplier gives an order back: it is offered to the next one, and cancelled only when none is left."""

from typing import Any

from bson import Decimal128

from accounts.models import Role
from accounts.people import Somebody
from common.errors import DomainError
from common.mongo import collection
from common.time import utc_now
from orders.models import Event, Order, PaymentStatus, Status
from orders.payments.services import order_refund
from orders.services.announcing import supplier_may_see
from orders.services.change import order_change, status_now
from orders.services.quoting import Offer, offers_for
from orders.services.responses import response_count
from orders.states import BEFORE_DEPARTURE, State
from tanks.models import Tank

TRIES = 3


def order_reject(*, order: Order, by: Somebody, reason: str = "") -> Order:
    """Takes the order from its present supplier, who may do so until departure (as may an administrator).

    The tank's preferred supplier, else the cheapest of those that have not declined yet, is asked, at its own
    price. An order already paid for keeps its price, and goes only to a supplier that asks no more. Raises
    DomainError `invalid_transition` (409).
    """
    for _ in range(TRIES):
        changed = _give_back(order, by, reason)
        if changed:
            return changed
        order = Order.objects.get(pk=order.pk)  # accepted, paid or moved on meanwhile
    raise invalid_transition(order, State.CANCELLED)


def _give_back(order: Order, by: Somebody, reason: str) -> Order | None:
    """One try, on the order as it was read; None when it has changed since and may be tried again."""
    if order.status not in BEFORE_DEPARTURE or (by.role == Role.SUPPLIER and order.supplier_id != by.pk):
        raise invalid_transition(order, State.CANCELLED)
    now = utc_now()
    former = order.supplier_id
    offer = _next_offer(order)
    fields: dict[str, Any] = {"driver_id": None, "driver_name": ""}
    if offer is None:
        status, event = Status.CANCELLED, Event.UNSERVED
        fields["is_open"] = False
    else:
        status, event = Status.PLACED, Event.REOFFERED
        fields |= {"supplier_id": offer.supplier_id, "offered_at": now, "scheduled_delivery_date": None}
        if order.payment_status != PaymentStatus.PAID:
            fields["price"] = Decimal128(offer.price)
            fields["price_per_liter"] = Decimal128(offer.price_per_liter)
    changed = order_change(
        order_id=order.pk,
        when={"supplier_id": former, "status": order.status, "payment_status": order.payment_status},
        status=status,
        event=event,
        by=by,
        holder=offer.supplier_id if offer else former,
        notes=reason,
        at=now,
        declined_by=former,
        **fields,
    )
    if changed is None:
        return None
    if order.status == Status.PLACED:
        response_count(supplier_id=former, offered_at=order.offered_at, answered_at=now)
    if offer is None:
        return order_refund(order=changed)
    supplier_may_see(tank_id=order.tank_id, supplier_id=offer.supplier_id)
    return changed


def invalid_transition(order: Order, status: str) -> DomainError:
    wanted = str(status).replace("_", " ")
    return DomainError("invalid_transition", f"The order is {status_now(order)} and cannot become {wanted}.")


def _next_offer(order: Order) -> Offer | None:
    declined = {*order.declined_by, order.supplier_id}
    offers = offers_for(postal_code=order.postal_code, amount=order.amount, without=declined)
    if order.payment_status == PaymentStatus.PAID:
        offers = [offer for offer in offers if offer.price <= order.price]
    tank = collection(Tank).find_one({"_id": order.tank_id}, {"preferred_supplier_id": 1}) or {}
    preferred = [offer for offer in offers if offer.supplier_id == tank.get("preferred_supplier_id")]
    return next(iter(preferred or offers), None)
