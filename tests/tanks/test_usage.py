"""Use from noisy levels: noise adds nothing, temperature adds nothing, refills are not negative use."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanks.usage import (
    DAY,
    DAYS_KEPT,
    HOUR,
    Clock,
    DayUse,
    RefillSpan,
    UsageState,
    day_use,
    draw_from_levels,
    flat_profile,
    home_days,
)

CLOCK = Clock(0.0, flat_profile())


def drawn(times: np.ndarray, litres: np.ndarray, *spans: RefillSpan) -> tuple[DayUse, np.ndarray]:
    draw = draw_from_levels(times, litres, spans, clock=CLOCK, daily_litres=240)
    assert draw is not None
    return day_use(draw, clock=CLOCK, ordinal=1)


@given(st.integers(0, 1000), st.floats(0.5, 8))
def test_noise_does_not_add_up_to_use(seed: int, noise: float) -> None:
    times = np.arange(-3 * HOUR, 27 * HOUR, 900.0)
    litres = 3000 + np.random.default_rng(seed).normal(0, noise, len(times))
    use, _ = drawn(times, litres)
    assert 0 <= use.litres < 4 * noise


def test_a_temperature_wave_adds_nothing_over_a_day() -> None:
    times = np.arange(-3 * HOUR, 27 * HOUR, 900.0)
    wave = 8 * np.cos(2 * np.pi * times / DAY)
    use, _ = drawn(times, 3000 - 10 * times / HOUR + wave)
    assert use.litres == pytest.approx(240, abs=4)


def test_a_refill_is_no_negative_use_and_the_draw_during_it_is_estimated() -> None:
    times = np.arange(-3 * HOUR, 27 * HOUR, 900.0)
    litres = 1500 - 10 * times / HOUR + np.where(times > 12 * HOUR, 2000, 0)
    use, hourly = drawn(times, litres, RefillSpan(12 * HOUR, 12 * HOUR + 900))
    assert use.litres == pytest.approx(240, abs=2)
    assert hourly.min() > 0
    assert not use.estimated


def test_a_gap_is_bridged_and_marked() -> None:
    times = np.arange(-3 * HOUR, 27 * HOUR, 900.0)
    keep = (times < 8 * HOUR) | (times > 16 * HOUR)
    use, hourly = drawn(times[keep], (3000 - 10 * times / HOUR)[keep])
    assert use.estimated
    assert use.litres == pytest.approx(240, abs=2)
    assert hourly == pytest.approx(np.full(24, 10.0), abs=0.5)


def test_the_hours_of_use_are_learned() -> None:
    state = UsageState()
    shape = np.zeros(24)
    shape[7], shape[19] = 60, 40
    for day in range(30):
        state.add(DayUse(day + 1, 100, 0, False), shape)
    assert state.profile[7] == pytest.approx(0.6, abs=0.1)
    assert state.profile.sum() == pytest.approx(1)


def test_weekdays_and_averages_leave_days_away_out() -> None:
    state = UsageState()
    for day in range(1, 43):
        litres = 0.0 if 20 <= day < 30 else 200.0 if (day - 1) % 7 < 5 else 300.0
        state.add(DayUse(day, litres, 1.0, False), np.full(24, litres / 24))
    assert state.usual() == 200
    weekday = state.weekday_profile()
    assert weekday[5] / weekday[0] == pytest.approx(1.5)
    assert state.minimum_night_flow() == 1.0


def test_a_day_closed_twice_is_kept_once_and_old_days_leave() -> None:
    state = UsageState()
    for day in [*range(1, 200), 199]:
        state.add(DayUse(day, 100.0, 0.0, False), np.full(24, 100 / 24))
    assert [day.ordinal for day in state.days] == list(range(200 - DAYS_KEPT, 200))
    assert UsageState.from_dict(state.to_dict()).days == state.days


def test_many_days_away_do_not_hide_the_days_at_home() -> None:
    use = np.array([400.0, 380, *[5.0] * 12])
    assert home_days(use).tolist() == [True, True, *[False] * 12]
