"""The state of an order's payment: pending → paid → refunded, or failed and tried again.

Each step is one conditional update; the provider is asked before it, by a key that makes asking again harmless, so
that a step broken off is done by the sweep.
"""

from decimal import Decimal

from bson import Decimal128, ObjectId

from accounts.people import Somebody
from common.errors import DomainError
from common.mongo import Document, collection
from common.time import utc_now
from notifications.models import Type
from notifications.services import notify
from orders.models import Order, PaymentStatus, Status
from orders.payments.provider import Intent
from orders.payments.registry import DEFAULT, provider_named

UNPAID = [str(PaymentStatus.PENDING), str(PaymentStatus.FAILED)]


def order_pay(*, order: Order, by: Somebody, method: str | None = None) -> Intent:
    """Prepares the payment of an order; asked again, it gives the same intent.

    Raises DomainError `already_paid` or, for a cancelled order, `cannot_pay` (409).
    """
    intent = provider_named(DEFAULT).intent(order=order)
    values: Document = {"payment.provider": DEFAULT, "payment.reference": intent.reference}
    if method is not None:
        values["payment.method"] = method
    _settle(order, {"user_id": by.pk, "payment_status": {"$in": UNPAID}}, PaymentStatus.PENDING, values)
    return intent


def order_paid(*, order: Order, by: Somebody) -> Order:
    """The order's supplier (or an administrator) says that the money has come.

    Raises DomainError `already_paid` or, for a cancelled order, `cannot_pay` (409).
    """
    when: Document = {"payment_status": {"$in": UNPAID}, "supplier_id": order.supplier_id}
    values = {"payment.paid_at": utc_now(), "payment.amount": "$price"}
    _settle(order, when, PaymentStatus.PAID, values)
    paid = Order.objects.get(pk=order.pk)
    notify(
        user_id=paid.user_id,
        type=Type.ORDER,
        message=f"{paid.payment.amount:,.2f} {paid.currency} for order {paid.order_number} were received.",
        key=f"order:{paid.pk}:paid",
        related_model="order",
        related_id=paid.pk,
    )
    overpayment_settle(order_id=order.pk)
    return paid


def order_refund(*, order: Order) -> Order:
    """Gives back what was paid for a cancelled order; does nothing for any other. Safe to repeat."""
    due = {"_id": order.pk, "status": str(Status.CANCELLED), "payment_status": str(PaymentStatus.PAID)}
    if collection(Order).count_documents(due, limit=1) == 0:
        return Order.objects.get(pk=order.pk)
    paid = Order.objects.get(pk=order.pk)
    amount = paid.payment.amount or paid.price
    provider_named(paid.payment.provider).refund(order=paid, amount=amount, key=f"order:{paid.pk}:refund")
    now = utc_now()
    collection(Order).update_one(
        due,
        {
            "$set": {
                "payment_status": str(PaymentStatus.REFUNDED),
                "payment.refunded": Decimal128(amount),
                "payment.refunded_at": now,
                "updated_at": now,
            }
        },
    )
    return Order.objects.get(pk=order.pk)


def overpayment_settle(*, order_id: ObjectId) -> None:
    """Gives back what a delivery, shorter than ordered and paid in advance, costs less. Safe to repeat."""
    due: Document = {
        "_id": order_id,
        "status": str(Status.DELIVERED),
        "payment_status": str(PaymentStatus.PAID),
        "payment.refunded": None,
        "$expr": {"$gt": ["$payment.amount", "$price"]},
    }
    if collection(Order).count_documents(due, limit=1) == 0:
        return
    order = Order.objects.get(pk=order_id)
    amount: Decimal = order.payment.amount - order.price
    provider_named(order.payment.provider).refund(order=order, amount=amount, key=f"order:{order.pk}:short")
    now = utc_now()
    given = {"payment.refunded": Decimal128(amount), "payment.refunded_at": now, "updated_at": now}
    collection(Order).update_one(due, {"$set": given})


def _settle(order: Order, when: Document, end: PaymentStatus, values: Document) -> None:
    # A pipeline, so that "$price" is the price at the moment of the write.
    changed = collection(Order).update_one(
        {"_id": order.pk, "status": {"$ne": str(Status.CANCELLED)}, **when},
        [{"$set": {"payment_status": str(end), "updated_at": "$$NOW", **_literal(values)}}],
    )
    if changed.matched_count:
        return
    now = Order.objects.get(pk=order.pk)
    if now.payment_status in (PaymentStatus.PAID, PaymentStatus.REFUNDED):
        raise DomainError("already_paid", "The order has been paid already.")
    raise DomainError("cannot_pay", f"The order is {now.get_status_display().lower()} and cannot be paid.")


def _literal(values: Document) -> Document:
    return {name: value if value == "$price" else {"$literal": value} for name, value in values.items()}
