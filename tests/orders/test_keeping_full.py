"""Orders that the forecast, the owner's wishes and the sensor's health decide about."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from common.mongo import collection
from common.time import utc_now
from notifications.models import Notification
from orders.models import Order
from orders.reasons import why_in_words
from orders.services.replenishment import tank_replenish
from tanks.models import Mind, Source, Tank
from tanks.outlook import CURVE_SHARES, Outlook
from tanks.services.alerts import alert_open

SetLevel = Callable[..., None]


@pytest.fixture
def expect(auto_tank: Any, set_level: SetLevel) -> Callable[..., None]:
    """`expect(days=3)`: the tank is at 60 %, known for so long, and empty between 0.4 and 1 times `days`, evenly."""

    def expect_(*, days: float, known: int = 10) -> None:
        now = utc_now()
        set_level(auto_tank, 60)
        collection(Mind).update_one(
            {"_id": auto_tank.pk},
            {
                "$set": {
                    "days": [[740_000 + day, 400.0, 1.0, False] for day in range(known)],
                    "outlook": {
                        "made_at": now.timestamp() - 600,
                        "curve": [days * (0.4 + 0.6 * share) for share in CURVE_SHARES],
                        "fan": [[60, 60, 60]],
                    },
                }
            },
            upsert=True,
        )

    return expect_


def test_a_tank_that_would_run_dry_before_delivery_is_ordered_for_while_it_is_not_low(
    auto_tank: Any, sam: Any, expect: Callable[..., None]
) -> None:
    expect(days=2)
    order = tank_replenish(tank_id=auto_tank.pk)
    assert order is not None
    assert order.amount == 3_500
    why = order.why
    assert why["rule"] == "forecast"
    assert why["runOutChance"] > why["acceptedRisk"]
    assert why["leadDays"] == pytest.approx(1, abs=0.02)
    assert why["daysKnown"] == 10
    assert why["readAt"].endswith("Z")


def test_a_tank_with_days_of_water_waits(auto_tank: Any, sam: Any, expect: Callable[..., None]) -> None:
    expect(days=60)
    assert tank_replenish(tank_id=auto_tank.pk) is None


def test_the_forecast_of_a_new_household_does_not_count(
    auto_tank: Any, sam: Any, expect: Callable[..., None], set_level: SetLevel
) -> None:
    expect(days=2, known=6)
    assert tank_replenish(tank_id=auto_tank.pk) is None
    set_level(auto_tank, 24)
    order = tank_replenish(tank_id=auto_tank.pk)
    assert order is not None
    assert order.why["rule"] == "low_water"


def test_a_sensor_in_doubt_orders_nothing_but_a_person_s_reading_does(auto_tank: Any, sam: Any) -> None:
    alert_open(tank=auto_tank, kind="stuck", severity="warning", evidence={}, opened_at=utc_now())
    assert tank_replenish(tank_id=auto_tank.pk) is None
    collection(Tank).update_one({"_id": auto_tank.pk}, {"$set": {"current_level.source": str(Source.MANUAL)}})
    assert tank_replenish(tank_id=auto_tank.pk) is not None


def test_nothing_is_ordered_on_a_paused_day(auto_tank: Any, sam: Any) -> None:
    today = utc_now().date()
    auto_tank.order_pauses = [
        {"from": str(today - timedelta(days=1)), "to": str(today + timedelta(days=1))},
    ]
    auto_tank.save(update_fields=["order_pauses"])
    assert tank_replenish(tank_id=auto_tank.pk) is None
    auto_tank.order_pauses = [{"from": str(today - timedelta(days=9)), "to": str(today - timedelta(days=2))}]
    auto_tank.save(update_fields=["order_pauses"])
    assert tank_replenish(tank_id=auto_tank.pk) is not None


def test_a_monthly_limit_cuts_the_amount_and_is_told_once_when_nothing_is_left(
    auto_tank: Any, sam: Any
) -> None:
    auto_tank.monthly_order_limit = 3_000
    auto_tank.save(update_fields=["monthly_order_limit"])
    order = tank_replenish(tank_id=auto_tank.pk)
    assert order is not None
    assert (order.amount, order.why["limits"]) == (3_000, ["monthly_limit"])
    Notification.objects.all().delete()
    collection(Order).update_one({"_id": order.pk}, {"$set": {"is_open": False, "status": "delivered"}})
    for _ in range(2):
        assert tank_replenish(tank_id=auto_tank.pk) is None
    assert Notification.objects.filter(message__contains="limit of 3,000 litres").count() == 1
    last_month = order.order_date.replace(day=1) - timedelta(days=2)
    collection(Order).update_one({"_id": order.pk}, {"$set": {"order_date": last_month}})
    assert tank_replenish(tank_id=auto_tank.pk) is not None


def test_the_chance_is_read_off_the_curve() -> None:
    outlook = Outlook(made_at=0, curve=[10 * share for share in CURVE_SHARES])
    assert outlook.chance_empty_within(0) == 0
    assert outlook.chance_empty_within(0.2) == pytest.approx(0.02)
    assert outlook.chance_empty_within(5.05) == pytest.approx(0.505)
    assert outlook.chance_empty_within(99) == 0.99


def test_an_order_says_why_in_words() -> None:
    low = {"rule": "low_water", "level": 23.6, "lowWaterThreshold": 25}
    assert why_in_words(low) == "the tank was at 24 %, and 25 % is low."
    chance = {"rule": "forecast", "level": 60.2, "leadDays": 1.08, "runOutChance": 0.034}
    assert "within the 1.1 days a delivery takes with a chance of 3 %" in why_in_words(chance)
    for nothing in (None, {}, {"rule": "threshold"}, {"rule": "another", "level": 3}):
        assert why_in_words(nothing) == ""
