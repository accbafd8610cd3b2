"""The coming days' levels as a fan: what a tenth, half and nine tenths of the household's futures leave in the tank."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tanks.demand import Demand
from tanks.forecast import daily_futures

Array = NDArray[np.float64]

FAN_DAYS = 31
LEFT_QUANTILES = (0.1, 0.5, 0.9)


def level_fan(
    demand: Demand, *, volume: float, capacity: float, weekday: int, profile: Array, elapsed: float
) -> list[list[float]]:
    """Rows of percent (low, middle, high), one for now and each day from now on, until even the high is empty.

    `volume`, `capacity`: litres; `profile`: 24 hourly shares of a day; `elapsed`: the part of today already gone.
    """
    daily = daily_futures(demand, weekday=weekday, days=FAN_DAYS + 1)
    shares = np.concatenate([[0.0], np.cumsum(profile)])
    part = float(np.interp(elapsed * 24, np.arange(25.0), shares))
    midnights = np.cumsum(daily, axis=1)
    at_clock = np.concatenate([np.zeros((len(daily), 1)), midnights[:, :-1]], axis=1) + part * daily
    drawn = at_clock - at_clock[:, :1]
    left = np.clip(volume - drawn, 0.0, None) / capacity * 100
    rows = np.quantile(left, LEFT_QUANTILES, axis=0).T.round(2)
    empty = np.flatnonzero(rows[:, 2] <= 0)
    fan: list[list[float]] = rows[: int(empty[0]) + 1 if len(empty) else len(rows)].tolist()
    return fan
