"""The decision to order: when, how much, and what it says of itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from orders.replenishment import Decision, Supply, TankFacts, Wishes, decide

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
TANK = TankFacts(capacity=5000, low_water_threshold=25, level=60, read_at=NOW - timedelta(minutes=15))


@dataclass(frozen=True)
class Known:
    """A forecast whose tank is surely empty after so many days, and before with a chance that grows evenly."""

    days: float
    made_at: float = NOW.timestamp()

    def chance_empty_within(self, days: float) -> float:
        return min(days / self.days, 1.0) ** 4


def decided(tank: TankFacts = TANK, *, days: float = 60, lead: float = 2, **wishes: object) -> Decision:
    return decide(
        tank=tank,
        forecast=Known(days),
        supply=Supply(lead_days=lead),
        wishes=Wishes(**wishes),  # type: ignore[arg-type]
        now=NOW,
    )


def test_a_tank_with_weeks_of_water_is_left_alone() -> None:
    assert decided().order is False


def test_water_is_ordered_when_the_chance_of_running_dry_before_delivery_exceeds_the_risk() -> None:
    decision = decided(days=4)
    assert decision.order
    assert decision.why["rule"] == "forecast"
    assert decision.why["runOutChance"] > decision.why["acceptedRisk"]
    assert decision.amount == 1750


def test_a_level_below_the_threshold_orders_whatever_the_forecast_says() -> None:
    low = replace(TANK, level=24.9)
    for forecast in (None, Known(1000)):
        decision = decide(tank=low, forecast=forecast, supply=Supply(2), wishes=Wishes(), now=NOW)
        assert decision.order
        assert decision.why["rule"] == "low_water"


def test_doubtful_stale_and_future_levels_never_order() -> None:
    for tank in (
        replace(TANK, level=3, quality="suspect"),
        replace(TANK, level=3, read_at=NOW - timedelta(hours=25)),
        replace(TANK, level=3, read_at=NOW + timedelta(hours=1)),
        replace(TANK, level=3, has_open_order=True),
    ):
        assert not decided(tank).order


def test_an_old_forecast_is_not_used() -> None:
    old = Known(0.1, made_at=(NOW - timedelta(days=3)).timestamp())
    assert not decide(tank=TANK, forecast=old, supply=Supply(2), wishes=Wishes(), now=NOW).order


def test_nothing_is_ordered_on_a_paused_day() -> None:
    paused = [(date(2026, 5, 30), date(2026, 6, 1))]
    assert decided(days=1, paused=paused).why["held"] == "paused"
    assert decided(days=1, paused=[(date(2026, 6, 2), date(2026, 6, 9))]).order


def test_the_monthly_limit_cuts_the_amount_and_in_the_end_the_order() -> None:
    cut = decided(days=1, monthly_limit_liters=4000, ordered_this_month_liters=3000)
    assert (cut.order, cut.amount) == (True, 1000)
    assert cut.why["limits"] == ["monthly_limit"]
    none = decided(days=1, monthly_limit_liters=4000, ordered_this_month_liters=4000)
    assert none.order is False


@given(st.floats(0, 100), st.floats(0.5, 100), st.floats(0, 14), st.floats(100, 20000), st.floats(0, 9000))
def test_an_order_always_fits_and_the_same_inputs_decide_the_same(
    level: float, days: float, lead: float, capacity: float, limit: float
) -> None:
    tank = replace(TANK, level=level, capacity=capacity)
    first = decided(tank, days=days, lead=lead, monthly_limit_liters=limit)
    assert first == decided(tank, days=days, lead=lead, monthly_limit_liters=limit)
    assert first.amount <= limit
    assert level / 100 * capacity + first.amount <= 0.95 * capacity + 1 or not first.order
    assert first.order == (first.amount > 0)
