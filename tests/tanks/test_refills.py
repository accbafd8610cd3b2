"""Refills: what is one, when it came, how much it was; and what only looks like one."""

from __future__ import annotations

import numpy as np
import pytest

from tanks.refills import Refill, RefillState, measure, watch
from tanks.usage import Clock, flat_profile

QUARTER, HOUR = 900.0, 3600.0
CAPACITY, NOISE = 5000.0, 0.05


def found(levels: list[float], times: list[float] | None = None, *, daily: float = 400.0) -> list[Refill]:
    """All refills seen in believed levels of every quarter of an hour, or of these times."""
    moments = times or [QUARTER * index for index in range(len(levels))]
    state, refills = RefillState(), []
    for count in range(3, len(levels) + 1):
        if watch(state, moments[:count], levels[:count], noise_percent=NOISE):
            refill = measure(
                state,
                np.asarray(moments[:count]),
                np.asarray(levels[:count]),
                capacity=CAPACITY,
                noise_percent=NOISE,
                clock=Clock(0.0, flat_profile()),
                daily_litres=daily,
                hardest_litres=0.15 * daily,
            )
            state = RefillState()
            refills += [refill] if refill else []
    return refills


def test_a_refill_is_what_came_in_with_what_was_drawn_meanwhile() -> None:
    (refill,) = found([30.0] * 8 + [60.0] + [90.0] * 10)
    assert refill.litres == pytest.approx(3000 + 400 / 48, rel=0.003)
    assert refill.at == 9 * QUARTER


def test_a_slow_refill_that_a_draw_outruns_for_a_while_is_one() -> None:
    rising = [30.0 + index for index in range(14)]
    held = [42.0, 41.0, 41.0, 42.0, 43.0]
    (refill,) = found([30.0] * 8 + rising + held + [44.0 + index for index in range(7)] + [50.0] * 12)
    assert refill.level_after == pytest.approx(50, abs=0.5)


def test_the_return_from_zero_or_from_where_no_pipe_leads_is_no_refill() -> None:
    assert found([88.0] * 8 + [0.0] * 5 + [88.0] * 10) == []
    assert found([4.1] * 8 + [0.0] * 2 + [4.1] * 10) == []
    assert found([66.0] * 8 + [40.0] * 2 + [66.2] * 10) == []
    assert len(found([66.0] * 8 + [40.0] * 2 + [90.0] * 10)) == 1


def test_one_low_reading_at_the_very_beginning_is_no_refill() -> None:
    assert found([79.0] + [82.6] * 10) == []


def test_a_refill_in_a_silence_came_halfway_through_it() -> None:
    times = [QUARTER * index for index in range(8)]
    times += [times[-1] + 8 * HOUR + QUARTER * index for index in range(10)]
    (refill,) = found([30.0] * 8 + [80.0] * 10, times)
    assert refill.at == pytest.approx(times[7] + 4 * HOUR)
    assert refill.span.end_at == times[8]


def test_what_is_drawn_meanwhile_is_what_is_drawn_in_most_such_times_of_this_home() -> None:
    """A herd that drinks once a day leaves most refills alone; a steady user draws in each."""
    herd = [70.0] * 50 + [62.0] * 50 + [90.0] * 10
    steady = [70.0 - 0.0833 * index for index in range(100)]
    (alone,) = found(herd)
    (drawn,) = found([*steady, *(steady[-1] + 28 - 0.0833 * index for index in range(10))])
    assert alone.litres == pytest.approx(1400, abs=3)
    assert drawn.litres == pytest.approx(1400 + 400 / 96, abs=2)
