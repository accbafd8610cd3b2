"""The demo's troubles are in its readings, not only in its story."""

from datetime import UTC, datetime

import numpy as np
import pytest

from config.demo.history import simulate
from config.demo.tanks import PHOENIX_OFFSET_HOURS, household
from tanks.mind import TankFacts, TankMind

LEAKING = (5, 17, 29)


@pytest.mark.parametrize("place", LEAKING)
@pytest.mark.parametrize("hour", [2, 16])
def test_each_leak_of_the_demo_is_open_on_the_day_it_is_made(place: int, hour: int) -> None:
    now, random = datetime(2026, 3, 11, hour, tzinfo=UTC), np.random.default_rng(place + hour)
    home = household(place, random)
    history = simulate(home, until=now, utc_offset_hours=PHOENIX_OFFSET_HOURS, random=random)
    mind = TankMind(TankFacts(home.capacity, "America/Phoenix"))
    for at, percent in zip(history.times, history.percent, strict=True):
        mind.observe(at.timestamp(), round(percent, 3))
    mind.tick(now.timestamp())
    assert mind.alerts.is_open("leak")
    assert home.leak_liters_per_day > 0
