"""Who is told what of an order: every step, once, whatever dies in between."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from common.mongo import collection
from common.time import utc_now
from notifications.models import Notification
from orders.models import Order
from orders.payments.services import order_paid
from orders.services import (
    order_accept,
    order_cancel,
    order_deliver,
    order_depart,
    order_reject,
    order_schedule,
)
from orders.services.sweeping import orders_sweep
from orders.services.telling import order_announce
from orders.tasks import order_announce as announce_task
from orders.tasks import orders_sweep as sweep_task


def told(user: Any) -> list[tuple[str, str]]:
    rows = Notification.objects.filter(user_id=user.pk).order_by("created_at", "id")
    return [(row.type, row.message) for row in rows]


def age(order: Any) -> None:
    """As if the process had died after the write, a minute ago."""
    past = {"updated_at": utc_now() - timedelta(minutes=1)}
    collection(Order).update_one({"_id": order.pk}, {"$set": past})


def test_the_customer_hears_every_step_and_the_supplier_what_others_did(
    order: Any, alice: Any, sam: Any
) -> None:
    number = order.order_number
    order = order_schedule(order=order_accept(order=order, by=sam), by=sam)
    order_deliver(order=order_depart(order=order, by=sam), by=sam)
    order_announce(order_id=order.pk)
    messages = told(alice)
    assert [kind for kind, _ in messages] == ["order", "order", "delivery", "delivery", "delivery"]
    assert messages[0][1].startswith(f"Order {number} is placed: 1,000 L from Sam's Springs for 20.00 USD")
    assert "1,000 L were delivered" in messages[-1][1]
    assert told(sam) == [("order", f"New order {number}: 1,000 L to 10115 Berlin.")]


def test_announcing_again_tells_nothing_again(order: Any, alice: Any) -> None:
    for _ in range(3):
        announce_task(str(order.pk))
    assert len(told(alice)) == 1
    stored = Order.objects.get(pk=order.pk)
    assert (stored.unannounced, stored.announcing_until) == (False, None)
    assert all(step.told for step in stored.status_history)


def test_many_workers_at_once_tell_each_step_once(order: Any, alice: Any, sam: Any) -> None:
    order_accept(order=order, by=sam)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: order_announce(order_id=order.pk), range(16)))
    assert len(told(alice)) == 2
    assert len(told(sam)) == 1


def test_a_step_whose_process_died_before_telling_is_told_once_by_the_sweep(
    order: Any, alice: Any, sam: Any
) -> None:
    order_accept(order=order, by=sam)
    orders_sweep()
    assert told(alice) == []
    age(order)
    sweep_task()
    sweep_task()
    assert len(told(alice)) == 2


def test_a_process_that_died_while_telling_is_followed_by_another(
    order: Any, alice: Any, sam: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orders.services import telling

    order_accept(order=order, by=sam)

    def die(**_: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(telling, "order_publish", die)
        with pytest.raises(SystemExit):
            order_announce(order_id=order.pk)
    order_announce(order_id=order.pk)
    assert len(told(alice)) == 1, "the dead process's lease still holds"
    age(order)
    collection(Order).update_one(
        {"_id": order.pk}, {"$set": {"announcing_until": utc_now() - timedelta(seconds=1)}}
    )
    orders_sweep()
    assert len(told(alice)) == 2


def test_a_declined_order_is_told_to_the_next_supplier_and_the_customer(
    order: Any, alice: Any, sam: Any, sue: Any
) -> None:
    order_announce(order_id=order.pk)
    order_reject(order=order, by=sam)
    order_announce(order_id=order.pk)
    assert "Sam's Springs cannot deliver" in told(alice)[-1][1]
    assert "now with Sue's Source, for 22.00 USD" in told(alice)[-1][1]
    assert len(told(sam)) == len(told(sue)) == 1


def test_when_no_supplier_is_left_the_customer_hears_of_it(order: Any, alice: Any, sam: Any) -> None:
    order_reject(order=order, by=sam)
    order_announce(order_id=order.pk)
    kind, message = told(alice)[-1]
    assert kind == "cancel"
    assert message.startswith(f"No supplier can deliver order {order.order_number}")


def test_a_cancelled_order_is_told_to_its_supplier_with_the_reason(order: Any, alice: Any, sam: Any) -> None:
    order_cancel(order=order, by=alice, reason="rain")
    order_announce(order_id=order.pk)
    assert told(sam)[-1][1].endswith("was cancelled by the customer. Reason: rain")


def test_a_refund_is_told_even_before_it_is_made(order: Any, alice: Any, sam: Any) -> None:
    order_paid(order=order, by=sam)
    order_cancel(order=order, by=alice)
    undone = {"payment_status": "paid", "payment.refunded": None}
    collection(Order).update_one({"_id": order.pk}, {"$set": undone})
    order_announce(order_id=order.pk)
    assert told(alice)[-1][1].endswith("20.00 USD will be given back.")


def test_orders_written_in_bulk_are_not_announced(order: Any, alice: Any) -> None:
    row = collection(Order).find_one({"_id": order.pk})
    collection(Order).delete_one({"_id": order.pk})
    for step in row["status_history"]:
        del step["told"]
    row |= {"unannounced": False, "updated_at": utc_now() - timedelta(days=1)}
    collection(Order).insert_one(row)
    orders_sweep()
    assert told(alice) == []
