"""Tanks that keep themselves full: when, how much, and never twice."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from bson import ObjectId

from accounts.models import PriceTier, Supplier
from common.errors import DomainError
from common.mongo import collection
from common.time import utc_now
from notifications.models import Notification
from orders.models import Order
from orders.services import lease, order_cancel, order_place
from orders.services.replenishment import tank_replenish, tanks_replenish_due
from orders.tasks import replenish, replenish_due

SetLevel = Callable[..., None]


def test_a_low_tank_is_filled_to_the_safe_level_and_the_order_says_why(auto_tank: Any, sam: Any) -> None:
    order = tank_replenish(tank_id=auto_tank.pk)
    assert order is not None
    assert (order.amount, order.auto, order.supplier_id, order.user_id) == (
        7_500,
        True,
        sam.pk,
        auto_tank.user_id,
    )
    assert order.why is not None
    assert (order.why["level"], order.why["lowWaterThreshold"], order.why["amount"]) == (20, 25, 7_500)
    assert order.status_history[0].updated_by is None


@pytest.mark.parametrize(
    ("level", "given"),
    [
        (25.1, {}),
        (20, {"quality": "suspect"}),
        (20, {"quality": "estimated"}),
        (20, {"age": timedelta(hours=25)}),
    ],
)
def test_high_doubtful_and_old_levels_order_nothing(
    auto_tank: Any, sam: Any, set_level: SetLevel, level: float, given: dict[str, Any]
) -> None:
    set_level(auto_tank, level, **given)
    assert tank_replenish(tank_id=auto_tank.pk) is None
    assert Order.objects.count() == 0


def test_a_tank_that_is_fuller_than_safe_orders_nothing_and_alarms_nobody(
    auto_tank: Any, sam: Any, set_level: SetLevel
) -> None:
    auto_tank.low_water_threshold = 100
    auto_tank.save(update_fields=["low_water_threshold"])
    set_level(auto_tank, 97)
    assert tank_replenish(tank_id=auto_tank.pk) is None
    assert Notification.objects.count() == 0


def test_a_tank_never_read_or_not_keeping_full_orders_nothing(
    tank: Any, sam: Any, set_level: SetLevel
) -> None:
    set_level(tank, 5)
    assert tank_replenish(tank_id=tank.pk) is None
    tank.auto_order = True
    tank.save()
    collection(type(tank)).update_one({"_id": tank.pk}, {"$set": {"current_level": None}})
    assert tank_replenish(tank_id=tank.pk) is None
    assert tank_replenish(tank_id=ObjectId()) is None


def test_an_order_of_any_kind_that_is_open_is_enough(auto_tank: Any, alice: Any, sam: Any) -> None:
    order_place(user=alice, tank=auto_tank, amount=100)
    assert tank_replenish(tank_id=auto_tank.pk) is None
    assert Order.objects.count() == 1


def test_twenty_workers_on_one_tank_place_one_order(auto_tank: Any, sam: Any, sue: Any) -> None:
    with ThreadPoolExecutor(20) as pool:
        results = list(pool.map(lambda _: tank_replenish(tank_id=auto_tank.pk), range(60)))
    assert sum(order is not None for order in results) == 1
    assert Order.objects.count() == 1


def test_even_without_the_lease_the_database_allows_one_automatic_order(
    auto_tank: Any, sam: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "LEASE_SECONDS", -1)
    with ThreadPoolExecutor(10) as pool:
        results = list(pool.map(lambda _: tank_replenish(tank_id=auto_tank.pk), range(40)))
    assert sum(order is not None for order in results) == 1
    assert Order.objects.count() == 1


def test_people_and_the_system_ordering_at_once_never_overfill(auto_tank: Any, alice: Any, sam: Any) -> None:
    def work(turn: int) -> None:
        if turn % 2:
            tank_replenish(tank_id=auto_tank.pk)
        else:
            try:
                order_place(user=alice, tank=auto_tank, amount=6_000)
            except DomainError as error:
                assert error.code == "exceeds_capacity"  # noqa: PT017

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(work, range(10)))
    assert Order.objects.count() == 1


def test_a_reading_from_before_the_delivery_orders_nothing_again(
    auto_tank: Any, sam: Any, set_level: SetLevel
) -> None:
    order = tank_replenish(tank_id=auto_tank.pk)
    delivered = utc_now() - timedelta(minutes=30)
    collection(Order).update_one(
        {"_id": order.pk},
        {"$set": {"status": "delivered", "is_open": False, "actual_delivery_date": delivered}},
    )
    set_level(auto_tank, 20, age=timedelta(minutes=20))
    assert tank_replenish(tank_id=auto_tank.pk) is None
    set_level(auto_tank, 20)
    assert tank_replenish(tank_id=auto_tank.pk) is not None


def test_an_automatic_order_that_was_cancelled_is_not_placed_again_for_a_day(
    auto_tank: Any, alice: Any, sam: Any
) -> None:
    order = tank_replenish(tank_id=auto_tank.pk)
    order_cancel(order=order, by=alice)
    assert tank_replenish(tank_id=auto_tank.pk) is None
    collection(Order).update_one({"_id": order.pk}, {"$set": {"updated_at": utc_now() - timedelta(hours=25)}})
    assert tank_replenish(tank_id=auto_tank.pk) is not None


def test_the_amount_shrinks_to_what_the_preferred_suppliers_tiers_allow(
    auto_tank: Any, sam: Any, sue: Any
) -> None:
    sue.supplier.pricing = [PriceTier(min_volume=500, max_volume=3_000, price_per_liter="0.05")]
    sue.supplier.save()
    auto_tank.preferred_supplier_id = sue.pk
    auto_tank.save(update_fields=["preferred_supplier"])
    order = tank_replenish(tank_id=auto_tank.pk)
    assert order is not None
    assert (order.supplier_id, order.amount) == (sue.pk, 3_000)


def test_when_nobody_can_fill_it_the_owner_is_told_once_a_day(auto_tank: Any, sam: Any) -> None:
    collection(Supplier).update_one({"_id": sam.pk}, {"$set": {"active": False}})
    for _ in range(3):
        assert tank_replenish(tank_id=auto_tank.pk) is None
    told = Notification.objects.get(user_id=auto_tank.user_id)
    assert (told.type, told.related_to.object_id) == ("warning", auto_tank.pk)


def test_the_safety_net_finds_low_tanks_alone(auto_tank: Any, sam: Any, set_level: SetLevel) -> None:
    replenish_due()
    tanks_replenish_due()
    replenish(str(auto_tank.pk))
    assert Order.objects.count() == 1
