"""Money: asked for, received, given back once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from common.errors import DomainError
from common.mongo import collection
from common.time import utc_now
from notifications.models import Notification
from orders.models import Order
from orders.payments.services import order_paid, order_pay, order_refund, overpayment_settle
from orders.services import order_cancel, order_deliver, order_reject
from orders.services.sweeping import orders_sweep


def code_of(call: Any, **arguments: Any) -> str:
    with pytest.raises(DomainError) as refused:
        call(**arguments)
    return refused.value.code


def test_paying_gives_the_same_intent_however_often(order: Any, alice: Any) -> None:
    intents = {order_pay(order=order, by=alice, method="transfer") for _ in range(3)}
    (intent,) = intents
    assert (intent.provider, intent.status, intent.amount, intent.currency) == (
        "manual",
        "pending",
        Decimal("20.00"),
        "USD",
    )
    stored = Order.objects.get(pk=order.pk)
    assert (stored.payment_status, stored.payment.method, stored.payment.reference) == (
        "pending",
        "transfer",
        order.order_number,
    )


def test_money_is_received_once(order: Any, alice: Any, sam: Any) -> None:
    paid = order_paid(order=order, by=sam)
    assert (paid.payment_status, paid.payment.amount) == ("paid", Decimal("20.00"))
    assert code_of(order_paid, order=order, by=sam) == "already_paid"
    assert code_of(order_pay, order=order, by=alice) == "already_paid"


def test_a_cancelled_order_takes_no_money(order: Any, alice: Any, sam: Any) -> None:
    order_cancel(order=order, by=alice)
    assert code_of(order_pay, order=order, by=alice) == "cannot_pay"
    assert code_of(order_paid, order=order, by=sam) == "cannot_pay"


def test_cancelling_a_paid_order_refunds_it(order: Any, alice: Any, sam: Any) -> None:
    order_paid(order=order, by=sam)
    cancelled = order_cancel(order=order, by=alice)
    assert (cancelled.payment_status, cancelled.payment.refunded) == ("refunded", Decimal("20.00"))
    assert cancelled.payment.refunded_at is not None
    assert Notification.objects.filter(user_id=sam.pk, message__contains="Give back 20.00 USD").count() == 1


def test_an_unpaid_order_is_cancelled_without_refund(order: Any, alice: Any) -> None:
    assert order_cancel(order=order, by=alice).payment_status == "pending"


def test_a_refund_whose_process_died_is_given_by_the_sweep_once(order: Any, alice: Any, sam: Any) -> None:
    order_paid(order=order, by=sam)
    left = {"status": "cancelled", "is_open": False, "updated_at": utc_now() - timedelta(minutes=1)}
    collection(Order).update_one({"_id": order.pk}, {"$set": left})
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: orders_sweep(), range(4)))
    assert order_refund(order=order).payment_status == "refunded"
    assert Notification.objects.filter(message__contains="Give back").count() == 1


def test_a_short_drop_paid_in_advance_gives_the_difference_back(order: Any, sam: Any) -> None:
    order_paid(order=order, by=sam)
    collection(Order).update_one({"_id": order.pk}, {"$set": {"status": "in_transit"}})
    order_deliver(order=order, by=sam, delivered_liters=750)
    for _ in range(2):
        overpayment_settle(order_id=order.pk)
    stored = Order.objects.get(pk=order.pk)
    assert (stored.price, stored.payment.refunded, stored.payment_status) == (
        Decimal("15.00"),
        Decimal("5.00"),
        "paid",
    )


def test_a_paid_order_goes_on_only_to_a_supplier_that_asks_no_more(order: Any, sam: Any, sue: Any) -> None:
    order_paid(order=order, by=sam)
    ended = order_reject(order=order, by=sam)
    assert (ended.status, ended.payment_status) == ("cancelled", "refunded")


def test_of_paying_and_cancelling_at_once_no_money_is_kept(alice: Any, tank: Any, sam: Any) -> None:
    from orders.services import order_place

    def try_(call: Any) -> None:
        try:
            call()
        except DomainError as error:
            assert error.code == "cannot_pay"  # noqa: PT017

    for _ in range(10):
        order = order_place(user=alice, tank=tank, amount=10)
        calls = [lambda o=order: order_paid(order=o, by=sam), lambda o=order: order_cancel(order=o, by=alice)]
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(try_, calls))
        stored = Order.objects.get(pk=order.pk)
        assert stored.status == "cancelled"
        assert stored.payment_status in {"pending", "refunded"}
