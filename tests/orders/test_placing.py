"""Quotes and placing: who is asked, at what price, and every refusal."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from bson import ObjectId

from accounts.models import PriceTier, Supplier
from common.errors import DomainError
from common.mongo import collection
from common.time import utc_now
from orders.models import Order
from orders.services import order_cancel, order_deliver, order_depart, order_place, order_schedule, quote
from orders.services.progress import order_accept
from tanks.models import Tank
from tests.factories import SupplierFactory

SetLevel = Callable[..., None]


def refusal(**wanted: Any) -> DomainError:
    with pytest.raises(DomainError) as refused:
        order_place(**wanted)
    return refused.value


def test_offers_come_cheapest_first_with_all_that_is_promised(tank: Any, sam: Any, sue: Any) -> None:
    offers = quote(tank=tank, amount=1_000)
    assert [offer.supplier_id for offer in offers] == [sam.pk, sue.pk]
    best = offers[0]
    assert (best.company, best.amount, best.price_per_liter, best.price, best.currency, best.rating) == (
        "Sam's Springs",
        1_000,
        Decimal("0.02"),
        Decimal("20.00"),
        "USD",
        4.5,
    )
    assert timedelta(hours=24) <= best.earliest_delivery - utc_now() + timedelta(seconds=5)


def test_only_active_suppliers_of_the_postal_code_and_amount_make_offers(tank: Any, sam: Any) -> None:
    SupplierFactory(active=False)
    SupplierFactory(service_areas=[])
    SupplierFactory(pricing=[PriceTier(min_volume=2_000, max_volume=None, price_per_liter="0.001")])
    assert [offer.supplier_id for offer in quote(tank=tank, amount=1_000)] == [sam.pk]


def test_a_postal_code_is_found_in_either_spelling(alice: Any, tank: Any, sam: Any) -> None:
    alice.address.postal_code = " sw1a 1aa"
    alice.save()
    collection(Supplier).update_one(
        {"_id": sam.pk}, {"$set": {"service_areas": [{"region": "W", "postal_codes": ["SW1A 1AA"]}]}}
    )
    assert len(quote(tank=tank, amount=100)) == 1


def test_an_order_is_complete_when_placed(alice: Any, tank: Any, sam: Any) -> None:
    order = order_place(user=alice, tank=tank, amount=1_000, notes="Gate is open", payment_method="cash")
    stored = Order.objects.get(pk=order.pk)
    assert stored.order_number.startswith("WO-")
    assert len(stored.order_number) >= 7
    assert (stored.status, stored.is_open, stored.price, stored.supplier_id, stored.auto) == (
        "placed",
        True,
        Decimal("20.00"),
        sam.pk,
        False,
    )
    assert (stored.delivery_notes, stored.payment.method, stored.postal_code) == (
        "Gate is open",
        "cash",
        "10115",
    )
    assert [(step.status, step.updated_by) for step in stored.status_history] == [("placed", alice.pk)]
    assert Tank.objects.get(pk=tank.pk).supplier_ids == [sam.pk]
    assert Tank.objects.get(pk=tank.pk).placing_until is None


def test_order_numbers_increase(alice: Any, tank: Any, sam: Any) -> None:
    numbers = [order_place(user=alice, tank=tank, amount=10).order_number for _ in range(3)]
    values = [int(number.removeprefix("WO-")) for number in numbers]
    assert values == sorted(set(values))


def test_the_preferred_supplier_comes_before_a_cheaper_one(alice: Any, tank: Any, sam: Any, sue: Any) -> None:
    tank.preferred_supplier_id = sue.pk
    tank.save()
    assert order_place(user=alice, tank=tank, amount=1_000).supplier_id == sue.pk
    collection(Supplier).update_one({"_id": sue.pk}, {"$set": {"active": False}})
    assert order_place(user=alice, tank=tank, amount=1_000).supplier_id == sam.pk


def test_the_supplier_that_is_named_brings_it(alice: Any, tank: Any, sam: Any, sue: Any) -> None:
    assert order_place(user=alice, tank=tank, amount=1_000, supplier_id=sue.pk).supplier_id == sue.pk


def test_an_amount_beyond_the_free_space_is_refused(
    alice: Any, tank: Any, sam: Any, set_level: SetLevel
) -> None:
    set_level(tank, 60)
    error = refusal(user=alice, tank=tank, amount=4_001)
    assert (error.code, error.status, error.extra["freeLiters"]) == ("exceeds_capacity", 400, 4_000)
    assert Order.objects.count() == 0
    assert order_place(user=alice, tank=tank, amount=4_000)


def test_other_open_orders_take_their_space(alice: Any, tank: Any, sam: Any, set_level: SetLevel) -> None:
    set_level(tank, 60)
    first = order_place(user=alice, tank=tank, amount=3_000)
    assert refusal(user=alice, tank=tank, amount=1_500).code == "exceeds_capacity"
    order_cancel(order=first, by=alice)
    assert order_place(user=alice, tank=tank, amount=1_500)


def test_water_delivered_since_the_last_reading_takes_its_space(
    alice: Any, tank: Any, sam: Any, set_level: SetLevel
) -> None:
    set_level(tank, 60)
    order = order_accept(order=order_place(user=alice, tank=tank, amount=3_000), by=sam)
    order_deliver(order=order_depart(order=order_schedule(order=order, by=sam), by=sam), by=sam)
    assert refusal(user=alice, tank=tank, amount=1_500).code == "exceeds_capacity"
    set_level(tank, 85)
    assert order_place(user=alice, tank=tank, amount=1_500)


def test_known_use_until_delivery_makes_space(alice: Any, tank: Any, sam: Any, set_level: SetLevel) -> None:
    set_level(tank, 60)
    tank.avg_daily_usage = 1_000
    tank.save(update_fields=["avg_daily_usage"])
    assert order_place(user=alice, tank=tank, amount=4_900)


def test_a_tank_without_readings_takes_at_most_its_capacity(alice: Any, tank: Any, sam: Any) -> None:
    assert refusal(user=alice, tank=tank, amount=10_001).code == "exceeds_capacity"
    assert order_place(user=alice, tank=tank, amount=10_000)


def test_without_a_supplier_for_the_postal_code_nothing_is_ordered(alice: Any, tank: Any, sam: Any) -> None:
    alice.address.postal_code = "99999"
    alice.save()
    error = refusal(user=alice, tank=tank, amount=1_000)
    assert (error.code, error.status) == ("no_supplier", 409)
    assert refusal(user=alice, tank=tank, amount=1_000, supplier_id=sam.pk).code == "no_supplier"
    assert Order.objects.count() == 0


def test_without_an_address_there_is_no_supplier(alice: Any, tank: Any, sam: Any) -> None:
    alice.address = None
    alice.save()
    assert refusal(user=alice, tank=tank, amount=1_000).code == "no_supplier"


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"amount": 0}, "amount"),
        ({"amount": float("nan")}, "amount"),
        ({"amount": 5, "requested_date": utc_now() - timedelta(days=1)}, "requestedDate"),
        ({"amount": 5, "requested_date": utc_now() + timedelta(days=800)}, "requestedDate"),
    ],
)
def test_impossible_requests_name_their_field(
    alice: Any, tank: Any, sam: Any, wanted: dict[str, Any], field: str
) -> None:
    error = refusal(user=alice, tank=tank, **wanted)
    assert (error.status, list(error.errors or {})) == (400, [field])


def test_a_supplier_that_is_none_is_not_found(alice: Any, tank: Any, sam: Any) -> None:
    error = refusal(user=alice, tank=tank, amount=5, supplier_id=ObjectId())
    assert (error.status, error.detail) == (404, "No such supplier.")


def test_a_lease_left_by_a_dead_process_ends_by_itself_and_until_then_is_respected(
    alice: Any, tank: Any, sam: Any
) -> None:
    held = {"placing_until": utc_now() + timedelta(seconds=30)}
    collection(Tank).update_one({"_id": tank.pk}, {"$set": held})
    assert refusal(user=alice, tank=tank, amount=10, auto=True).code == "tank_busy"
    collection(Tank).update_one(
        {"_id": tank.pk}, {"$set": {"placing_until": utc_now() - timedelta(seconds=1)}}
    )
    assert order_place(user=alice, tank=tank, amount=10)


def test_orders_placed_at_once_never_oversell_the_space(
    alice: Any, tank: Any, sam: Any, set_level: SetLevel
) -> None:
    set_level(tank, 60)

    def place(_: int) -> str:
        try:
            order_place(user=alice, tank=tank, amount=1_500)
        except DomainError as error:
            return error.code
        return "placed"

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(place, range(8)))
    assert sorted(results) == ["exceeds_capacity"] * 6 + ["placed"] * 2
    assert Order.objects.count() == 2
