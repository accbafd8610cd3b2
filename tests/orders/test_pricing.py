"""Prices: tiers, cents, and amounts nobody serves."""

import itertools
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.pricing import Tier, billed, price_of, servable, tier_of, total

TIERS = [
    Tier(100, 1_000, Decimal("0.05")),
    Tier(1_000, 5_000, Decimal("0.04")),
]
liters = st.floats(min_value=0.001, max_value=1e6, allow_nan=False)
rates = st.decimals(min_value="0.000001", max_value="1000", places=6)


@st.composite
def tier_lists(draw: st.DrawFn) -> list[Tier]:
    edges = sorted(draw(st.lists(st.floats(0, 1e6), min_size=2, max_size=6, unique=True)))
    tiers = [Tier(low, high, draw(rates)) for low, high in itertools.pairwise(edges)]
    return [*tiers, Tier(edges[-1], None, draw(rates))] if draw(st.booleans()) else tiers


@pytest.mark.parametrize(
    ("amount", "expected"),
    [(100, "0.05"), (999.99, "0.05"), (1_000, "0.04"), (5_000, "0.04")],
)
def test_an_amount_has_the_price_of_its_tier(amount: float, expected: str) -> None:
    tier = tier_of(TIERS, amount)
    assert tier is not None
    assert tier.price_per_liter == Decimal(expected)


@pytest.mark.parametrize("amount", [-5, 0, 99.9, 5_000.1])
def test_outside_every_tier_there_is_no_price(amount: float) -> None:
    assert price_of(TIERS, amount) is None


def test_half_a_cent_is_rounded_up() -> None:
    assert total(0.5, Decimal("0.05")) == Decimal("0.03")
    assert total(1.1, Decimal("0.05")) == Decimal("0.06")


def test_no_tiers_serve_nothing() -> None:
    assert price_of([], 500) is None
    assert servable([], 500) is None


@given(tier_lists(), liters)
def test_a_price_is_whole_cents_within_half_a_cent_of_the_product(tiers: list[Tier], amount: float) -> None:
    price = price_of(tiers, amount)
    if price:
        exact = Decimal(str(amount)) * price.price_per_liter
        assert price.total == price.total.quantize(Decimal("0.01"))
        assert abs(price.total - exact) <= Decimal("0.005")
        assert price.price_per_liter in {tier.price_per_liter for tier in tiers}


@given(tier_lists(), liters)
def test_what_is_servable_has_a_price_and_is_never_more_than_asked(tiers: list[Tier], amount: float) -> None:
    best = servable(tiers, amount)
    if best is None:
        assert price_of(tiers, amount) is None
    else:
        assert best <= amount
        assert price_of(tiers, best) is not None


@given(rates, liters, liters)
def test_nobody_pays_for_more_than_was_ordered_or_came(rate: Decimal, ordered: float, came: float) -> None:
    bill = billed(ordered=ordered, delivered=came, price_per_liter=rate)
    assert bill <= total(ordered, rate)
    assert bill <= total(came, rate)
