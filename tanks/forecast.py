"""When will the tank be empty? A distribution, not a number: P10, P50 and P90 in days from now.

A few hundred possible futures of the household (level, weekday, scatter, people leaving and coming back) are
walked through until each has drawn the tank empty. The futures are fixed draws, stratified and made once, so
the same inputs always give the same forecast and a forecast costs well under a millisecond.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from tanks.demand import Demand

Array = NDArray[np.float64]

PATHS = 384
LONGEST_DAYS = 120  # further ahead each future goes on at its own mean pace
CAP_DAYS = 730.0
AWAY_USE = 0.02
GUESTS_USE = (1.2, 2.2)
HASTE = 1.0  # sd of the logarithm of the odds that a day's water is drawn before an hour, between futures
TAIL = 8  # the earliest futures, by which rarer ones are judged
TAIL_SHARE = (TAIL - 0.5) / PATHS
MEMORIES = (0.0, 0.15, 0.3, 0.45, 0.6)
QUANTILES = (0.1, 0.5, 0.9)


@dataclass(frozen=True, slots=True)
class Days:
    """Days from `made_at` until it happens: a tenth, half, nine tenths of the futures are sooner."""

    p10: float
    p50: float
    p90: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """Made at `made_at` (seconds) from so many litres; the whole curve is in `empty_days`, sorted."""

    made_at: float
    volume_liters: float
    empty: Days
    low: Days
    empty_days: Array

    def chance_empty_within(self, days: float) -> float:
        """Probability that the tank is empty within so many days, between 0 and 1.

        Rarer than the few earliest futures can tell it is told by their tail (Hill's estimator).
        """
        sooner = int(np.searchsorted(self.empty_days, days, side="right"))
        if sooner >= TAIL or days <= 0:
            return sooner / len(self.empty_days)
        edge, thickness = self._tail()
        return float(TAIL_SHARE * (days / edge) ** (1 / thickness))

    def days_of_chance(self, shares: Sequence[float]) -> Array:
        """The days within which the tank is empty with these probabilities (increasing)."""
        known = np.maximum(np.asarray(shares), TAIL / len(self.empty_days))
        edge, thickness = self._tail()
        beyond = np.minimum(np.asarray(shares) / TAIL_SHARE, 1.0) ** thickness * edge
        days: Array = np.where(np.asarray(shares) < known, beyond, np.quantile(self.empty_days, known))
        return np.maximum.accumulate(days)

    def _tail(self) -> tuple[float, float]:
        """Where the earliest futures end, and how thick their tail is: chances fall as days ** (1 / thickness)."""
        earliest = np.maximum(self.empty_days[:TAIL], 1e-3)
        return float(earliest[-1]), max(float(np.log(earliest[-1] / earliest[:-1]).mean()), 1e-3)

    def runs_out_at(self) -> Days:
        """The same as moments, seconds since the epoch."""
        return Days(*(self.made_at + days * 86400.0 for days in asdict(self.empty).values()))

    def to_dict(self) -> dict[str, Any]:
        return {
            "made_at": self.made_at,
            "volume_liters": self.volume_liters,
            "empty": asdict(self.empty),
            "low": asdict(self.low),
            "empty_days": self.empty_days.tolist(),
        }

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Forecast:
        return cls(
            float(document["made_at"]),
            float(document["volume_liters"]),
            Days(**document["empty"]),
            Days(**document["low"]),
            np.asarray(document["empty_days"], dtype=np.float64),
        )


@dataclass(frozen=True, slots=True)
class Spells:
    """Runs of days that begin with a chance of `start` a day and last `days` on average, in so many stages.

    The more stages, the more alike they are in length; with one, some last many times as long as most.
    """

    start: float
    days: float
    stages: int


HOLIDAYS = Spells(0.008, 7.7, 3)
GUESTS = Spells(0.03, 4.0, 1)  # or something else that takes more water for some days


@dataclass(frozen=True, slots=True)
class Futures:
    """Standard draws shared by all forecasts: one row a path, one column a day ahead."""

    level: Array
    walk: Array
    scatter: tuple[Array, ...]
    home: Array
    home_after_return: Array
    haste: Array


@cache
def _futures() -> Futures:
    rng = np.random.default_rng(20260101)

    def stratified(days: int) -> Array:
        ranks = np.stack([rng.permutation(PATHS) for _ in range(days)], axis=1)
        drawn: Array = ndtri((ranks + 0.5) / PATHS)
        return drawn

    scatter = []
    fresh = stratified(LONGEST_DAYS)
    for memory in MEMORIES:
        noise = fresh.copy()
        for day in range(1, LONGEST_DAYS):
            noise[:, day] = memory * noise[:, day - 1] + np.sqrt(1 - memory**2) * fresh[:, day]
        scatter.append(noise)
    return Futures(
        level=stratified(1)[:, 0],
        walk=np.cumsum(stratified(LONGEST_DAYS), axis=1),
        scatter=tuple(scatter),
        home=_presence(rng, home_first=True),
        home_after_return=_presence(rng, home_first=False),
        haste=np.exp(HASTE * stratified(1)[:, 0]),
    )


def _presence(rng: np.random.Generator, *, home_first: bool) -> Array:
    """Use relative to normal: AWAY_USE where nobody is at home, more than 1 where there are guests."""
    away = _inside(rng, HOLIDAYS, first=not home_first)
    guests = _inside(rng, GUESTS, first=False)
    more = rng.uniform(*GUESTS_USE, (PATHS, 1))
    return np.where(away, AWAY_USE, np.where(guests, more, 1.0))


def _inside(rng: np.random.Generator, spells: Spells, *, first: bool) -> NDArray[np.bool_]:
    """Paths, true inside a spell; `first`: all begin somewhere in one. Stratified by day, so each has its share."""
    inside = np.empty((PATHS, LONGEST_DAYS), dtype=bool)
    pace = spells.stages / spells.days
    left = rng.permutation(PATHS) % spells.stages + 1 if first else np.zeros(PATHS, dtype=np.int64)
    for day in range(LONGEST_DAYS):
        chance = (rng.permutation(PATHS) + 0.5) / PATHS
        begun = np.where(chance < spells.start, spells.stages, 0)
        left = np.where(left > 0, left - (chance < pace), begun)
        inside[:, day] = left > 0
    return inside


def daily_futures(demand: Demand, *, weekday: int, days: int) -> Array:
    """Litres drawn on each of the coming days (columns) in each future (rows); `weekday` 0 is Monday."""
    futures = _futures()
    nearest = int(np.argmin([abs(demand.memory - memory) for memory in MEMORIES]))
    level = np.sqrt(demand.level_variance) * futures.level - demand.level_variance / 2
    spread = demand.scatter
    cube = 1 - spread**2 / 9 + spread / 3 * futures.scatter[nearest][:, :days]
    cube = np.maximum(cube, 0.05)
    # Wilson-Hilferty: the cube is a gamma variable with this coefficient of variation
    single = cube * cube * cube
    if demand.walk_variance:
        usual = np.exp(level[:, None] + np.sqrt(demand.walk_variance) * futures.walk[:, :days])
    else:
        usual = np.exp(level)[:, None]
    rhythm = np.array([demand.weekday[(weekday + day) % 7] for day in range(days)]) * demand.litres
    home = futures.home_after_return if demand.away_days else futures.home
    result: Array = single * usual * (home[:, :days] * rhythm)
    return result


class Drawn:
    """The futures' draws added up from now on.

    `daily`: see `daily_futures`; `profile`: 24 hourly shares of a day's use; `elapsed`: the part of the first
    day (0 … 1) already gone.
    """

    def __init__(self, daily: Array, *, profile: Array, elapsed: float) -> None:
        self.daily, self.elapsed = daily, elapsed
        self.shares = np.concatenate([[0.0], np.cumsum(profile)])
        self.begun = float(np.interp(elapsed * 24, np.arange(25.0), self.shares))
        self.gone = self.begun * daily[:, 0]
        self.total = np.cumsum(daily, axis=1) - self.gone[:, None]

    def days_until(self, litres: float) -> Array:
        """Days until each future has drawn so many litres."""
        daily, total = self.daily, self.total
        if litres <= 0:
            return np.zeros(len(daily))
        days = daily.shape[1]
        index = np.minimum((total < litres).sum(axis=1), days - 1)
        rows = np.arange(len(daily))
        before = np.where(index > 0, total[rows, index - 1], 0.0)
        since = np.where(index > 0, 0.0, self.begun)
        share = (litres - before) / np.maximum((1 - since) * daily[rows, index], 1e-9)
        share = np.clip(share, 0.0, 1.0)
        # each future draws more or less of its day's water early than the usual hours say
        share /= share + (1 - share) * _futures().haste
        hour = np.interp(since + (1 - since) * share, self.shares, np.arange(25.0) / 24)
        pace = np.maximum((total[:, -1] + self.gone) / days, 1e-6)
        beyond = days + np.maximum(litres - total[:, -1], 0.0) / pace
        result: Array = np.where(total[:, -1] >= litres, index + hour, beyond) - self.elapsed
        return np.clip(result, 0.0, CAP_DAYS)


def forecast_make(
    demand: Demand,
    *,
    made_at: float,
    volume: float,
    low_volume: float,
    weekday: int,
    profile: Array,
    elapsed: float = 0.0,
) -> Forecast:
    """Distribution of the time until the tank is empty, and until it is at `low_volume` (litres)."""
    typical = max(demand.litres, 1e-6)
    days = int(np.clip(2.5 * volume / typical + 20, 14, LONGEST_DAYS))
    daily = daily_futures(demand, weekday=weekday, days=days)
    drawn = Drawn(daily, profile=profile, elapsed=elapsed)
    empty = np.sort(drawn.days_until(volume))
    low = np.sort(drawn.days_until(volume - low_volume))
    return Forecast(made_at, volume, _quantiles(empty), _quantiles(low), empty)


def _quantiles(days: Array) -> Days:
    """Of sorted days."""
    p10, p50, p90 = np.interp(QUANTILES, np.linspace(0, 1, len(days)), days)
    return Days(float(p10), float(p50), float(p90))
