"""Free space in a tank."""

from hypothesis import given
from hypothesis import strategies as st

from orders.capacity import fits, free_space

liters = st.floats(0, 1e6)


def test_space_is_what_is_left_after_what_is_held_and_coming() -> None:
    assert free_space(capacity=1_000, volume=300, coming=200) == 500


def test_use_until_delivery_makes_space_but_never_below_empty() -> None:
    assert free_space(capacity=1_000, volume=300, coming=0, daily_use=100, days=2) == 900
    assert free_space(capacity=1_000, volume=300, coming=0, daily_use=100, days=9) == 1_000
    assert free_space(capacity=1_000, volume=300, coming=900, daily_use=100, days=9) == 100


def test_a_tank_never_seen_counts_as_empty() -> None:
    assert free_space(capacity=1_000, volume=None, coming=0) == 1_000


@given(liters, st.none() | liters, liters, st.none() | liters, st.floats(-10, 400))
def test_space_is_never_negative_nor_more_than_the_tank(
    capacity: float, volume: float | None, coming: float, use: float | None, days: float
) -> None:
    space = free_space(capacity=capacity, volume=volume, coming=coming, daily_use=use, days=days)
    assert 0 <= space <= capacity


@given(st.integers(1, 1_000_000), st.integers(0, 1_000))
def test_exactly_the_space_of_a_level_in_tenths_of_a_percent_fits(capacity: int, tenths: int) -> None:
    volume = round(capacity * tenths / 1_000, 3)
    assert fits(round(capacity - volume, 3), free_space(capacity=capacity, volume=volume, coming=0))
