"""An order's life: every step in its history, every wrong step refused, races with one winner."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from bson import Decimal128

from accounts.models import Supplier
from common.errors import DomainError
from common.mongo import collection
from common.time import utc_now
from orders.models import Order
from orders.services import (
    order_accept,
    order_cancel,
    order_deliver,
    order_depart,
    order_place,
    order_reject,
    order_reschedule,
    order_schedule,
    order_transition,
)
from orders.states import State, may_move
from tanks.models import Tank


def force(order: Any, **fields: Any) -> Any:
    collection(Order).update_one({"_id": order.pk}, {"$set": fields})
    return Order.objects.get(pk=order.pk)


def code_of(call: Any, **arguments: Any) -> str:
    with pytest.raises(DomainError) as refused:
        call(**arguments)
    assert refused.value.status == 409
    return refused.value.code


def test_every_step_is_in_the_history(order: Any, sam: Any, alice: Any) -> None:
    day = utc_now() + timedelta(days=2)
    order = order_accept(order=order, by=sam, notes="gladly")
    order = order_schedule(
        order=order, by=sam, scheduled_delivery_date=day, driver_id=sam.pk, driver_name="Dan"
    )
    order = order_depart(order=order, by=sam)
    order = order_deliver(order=order, by=sam, delivered_liters=990, notes="left hose")
    assert [(step.status, step.updated_by) for step in order.status_history] == [
        ("placed", alice.pk),
        ("acknowledged", sam.pk),
        ("scheduled", sam.pk),
        ("in_transit", sam.pk),
        ("delivered", sam.pk),
    ]
    times = [step.timestamp for step in order.status_history]
    assert times == sorted(times)
    assert order.status_history[1].notes == "gladly"
    assert (order.is_open, order.scheduled_delivery_date, order.driver_name) == (False, day, "Dan")
    assert (order.delivered_liters, order.driver_notes) == (990, "left hose")
    assert order.actual_delivery_date is not None


def test_a_short_drop_is_billed_as_delivered_and_a_generous_one_as_ordered(order: Any, sam: Any) -> None:
    short = order_deliver(order=force(order, status="in_transit"), by=sam, delivered_liters=900)
    assert short.price == Decimal("18.00")
    generous = force(order, status="in_transit", price=Decimal128("20.00"))
    assert order_deliver(order=generous, by=sam, delivered_liters=1_100).price == Decimal("20.00")


def test_without_litres_all_was_delivered(order: Any, sam: Any) -> None:
    assert order_deliver(order=force(order, status="in_transit"), by=sam).delivered_liters == 1_000


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (start, end)
        for start, end in itertools.product(State, State)
        if end != State.CANCELLED and not may_move(start, end, "supplier")
    ],
)
def test_a_wrong_step_is_refused_and_changes_nothing(order: Any, sam: Any, start: str, end: str) -> None:
    order = force(order, status=str(start))
    before = collection(Order).find_one({"_id": order.pk})
    assert code_of(order_transition, order=order, by=sam, status=str(end)) == "invalid_transition"
    assert collection(Order).find_one({"_id": order.pk}) == before


def test_another_supplier_moves_nothing(order: Any, sue: Any) -> None:
    assert code_of(order_accept, order=order, by=sue) == "invalid_transition"
    assert code_of(order_reject, order=order, by=sue) == "invalid_transition"


def test_scheduling_without_a_date_takes_the_one_wished(order: Any, sam: Any) -> None:
    wished = utc_now() + timedelta(days=3)
    order = force(order, status="acknowledged", requested_date=wished)
    assert order_schedule(order=order, by=sam).scheduled_delivery_date == wished


def test_scheduling_into_the_past_is_refused(order: Any, sam: Any) -> None:
    order = order_accept(order=order, by=sam)
    with pytest.raises(DomainError) as refused:
        order_schedule(order=order, by=sam, scheduled_delivery_date=utc_now() - timedelta(days=1))
    assert refused.value.status == 400


@pytest.mark.parametrize("status", ["placed", "acknowledged", "scheduled"])
def test_a_customer_cancels_until_departure(order: Any, alice: Any, status: str) -> None:
    cancelled = order_cancel(order=force(order, status=status), by=alice, reason="too late")
    assert (cancelled.status, cancelled.is_open) == ("cancelled", False)
    assert cancelled.status_history[-1].notes == "too late"


@pytest.mark.parametrize("status", ["in_transit", "delivered", "cancelled"])
def test_after_departure_nothing_is_cancelled_or_moved(order: Any, alice: Any, status: str) -> None:
    order = force(order, status=status)
    assert code_of(order_cancel, order=order, by=alice) == "cannot_cancel"
    day = utc_now() + timedelta(days=1)
    assert (
        code_of(order_reschedule, order=order, by=alice, scheduled_delivery_date=day) == "cannot_reschedule"
    )


def test_another_customer_cancels_nothing(order: Any, bob: Any) -> None:
    assert code_of(order_cancel, order=order, by=bob) == "cannot_cancel"


def test_rescheduling_keeps_the_state_and_finds_an_order_that_moved_on(
    order: Any, alice: Any, sam: Any
) -> None:
    day = utc_now() + timedelta(days=4)
    accepted = order_accept(order=order, by=sam)
    moved = order_reschedule(
        order=order, by=alice, scheduled_delivery_date=day
    )  # read before it was accepted
    assert (moved.status, moved.scheduled_delivery_date) == (accepted.status, day)
    assert [step.status for step in moved.status_history] == ["placed", "acknowledged", "acknowledged"]
    assert order_schedule(order=moved, by=sam).scheduled_delivery_date == day


def test_a_declined_order_goes_to_the_next_supplier_at_its_price(
    order: Any, alice: Any, sam: Any, sue: Any
) -> None:
    offered = order_reject(order=order, by=sam, reason="no truck")
    assert (offered.status, offered.supplier_id, offered.price) == ("placed", sue.pk, Decimal("22.00"))
    assert offered.declined_by == [sam.pk]
    assert offered.status_history[-1].notes == "no truck"
    assert set(Tank.objects.get(pk=order.tank_id).supplier_ids) == {sam.pk, sue.pk}
    assert code_of(order_accept, order=order, by=sam) == "invalid_transition"
    assert order_accept(order=offered, by=sue).status == "acknowledged"


def test_an_order_is_cancelled_only_when_no_supplier_is_left(order: Any, sam: Any, sue: Any) -> None:
    offered = order_reject(order=order, by=sam)
    ended = order_reject(order=offered, by=sue)
    assert (ended.status, ended.is_open, ended.declined_by) == ("cancelled", False, [sam.pk, sue.pk])
    assert len(ended.status_history) == 3


@pytest.mark.parametrize("status", ["acknowledged", "scheduled"])
def test_a_supplier_that_gives_up_later_also_hands_on(order: Any, sam: Any, sue: Any, status: str) -> None:
    offered = order_reject(order=force(order, status=status), by=sam)
    assert (offered.status, offered.supplier_id, offered.scheduled_delivery_date) == ("placed", sue.pk, None)


@pytest.mark.parametrize("status", ["in_transit", "delivered", "cancelled"])
def test_nothing_is_handed_on_after_departure(order: Any, sam: Any, sue: Any, status: str) -> None:
    assert code_of(order_reject, order=force(order, status=status), by=sam) == "invalid_transition"


def test_answers_make_the_suppliers_response_time(order: Any, sam: Any, sue: Any) -> None:
    order = force(order, offered_at=utc_now() - timedelta(hours=3))
    order_accept(order=order, by=sam)
    collection(Order).update_one({"_id": order.pk}, {"$set": {"status": "placed"}})
    order_reject(order=force(order, offered_at=utc_now() - timedelta(hours=1)), by=sam)
    supplier = Supplier.objects.get(pk=sam.pk)
    assert supplier.response_count == 2
    assert supplier.avg_response_time == pytest.approx(2, abs=0.01)


def test_of_accepting_and_cancelling_at_once_the_history_tells_one_story(
    alice: Any, tank: Any, sam: Any
) -> None:
    def try_(call: Any) -> str:
        try:
            return str(call())
        except DomainError as error:
            return error.code

    for _ in range(15):
        order = order_place(user=alice, tank=tank, amount=10)
        calls = [
            lambda o=order: order_accept(order=o, by=sam).status,
            lambda o=order: order_accept(order=o, by=sam).status,
            lambda o=order: order_cancel(order=o, by=alice).status,
            lambda o=order: order_cancel(order=o, by=alice).status,
        ]
        with ThreadPoolExecutor(4) as pool:
            results = list(pool.map(try_, calls))
        stored = Order.objects.get(pk=order.pk)
        told = tuple(step.status for step in stored.status_history)
        assert told in {("placed", "cancelled"), ("placed", "acknowledged", "cancelled")}
        assert results.count("cannot_cancel") == 1
        assert results.count("invalid_transition") == (1 if len(told) == 3 else 2)


def test_of_two_deliveries_at_once_one_wins(order: Any, sam: Any) -> None:
    order = force(order, status="in_transit")

    def deliver(liters: float) -> str:
        try:
            return str(order_deliver(order=order, by=sam, delivered_liters=liters).delivered_liters)
        except DomainError as error:
            return error.code

    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(deliver, [900, 910, 920, 930, 940, 950]))
    assert results.count("invalid_transition") == 5
    stored = Order.objects.get(pk=order.pk)
    assert str(stored.delivered_liters) in results
    assert len(stored.status_history) == 2
