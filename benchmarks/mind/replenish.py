"""A year of keep-full, by forecast and by threshold: run-outs and deliveries, one JSON line a policy.

    python -m benchmarks.mind.replenish [--homes 30] [--seeds 1 2] [--model fixtures]

`--homes` counts homes for each demand model and seed.

Four times a day the level is looked at and perhaps an order placed, which comes one to three days later; the policies
know the three. Some tanks are so small that guests empty them, full as they were, before an order can come: the
policy `always`, which orders whenever anything is missing, shows how often, and `avoidable` counts only the others.
Two policies compare where their run-outs are equal: `threshold_deliveries` is what the thresholds need, between the
two nearest, to have no more run-outs than this policy.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from benchmarks.mind.demand import DAY
from benchmarks.mind.models import MODELS
from orders.replenishment import RISK, Supply, TankFacts, Wishes, decide
from tanks.demand import Demand, demand_fit
from tanks.forecast import Forecast, forecast_make
from tanks.usage import DayUse

WARM_UP, DAYS, LONGEST_LEAD, SAFE = 56, 420, 3, 95.0
LOOKS = 4  # a day
NEAR = 8.0  # days: a tank that lasts so long whatever comes is not looked at again on the same day
SAME = 7 * LOOKS  # looks: run-outs of two policies so near each other are one
BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
THRESHOLDS = (20, 30, 40, 50, 60, 70, 80, 90)
RISKS = (RISK, 0.001, 0.02)


@dataclass(frozen=True, slots=True)
class Household:
    """A tank of `capacity` litres, the litres drawn in each hour of DAYS, and the lead of an order of each day."""

    capacity: float
    hourly: NDArray[np.float64]
    leads: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Year:
    """When the tank ran dry (look), and how often water came."""

    runouts: list[int]
    deliveries: int


def household(model: str, seed: int) -> Household:
    rng = np.random.default_rng(seed)
    draw = MODELS[model](np.random.default_rng(seed + 1), rng, DAYS, start_day=0)
    use = draw.reshape(-1, DAY).sum(axis=1)
    usual = max(float(np.median(use[use > 20])), 40.0)
    capacity = float(np.clip(usual * rng.uniform(7, 28), 500, 20_000))
    return Household(
        capacity, draw.reshape(DAYS, 24, -1).sum(axis=2), rng.integers(1, LONGEST_LEAD + 1, DAYS)
    )


def live(home: Household, wants: Callable[[int, float], bool]) -> Year:
    """One year: `wants(look, litres in the tank)` says whether to order now."""
    drawn = home.hourly.reshape(DAYS * LOOKS, -1).sum(axis=1)
    volume, comes, dry = 0.8 * home.capacity, -1, False
    runouts, deliveries = [], 0
    for look in range(WARM_UP * LOOKS, DAYS * LOOKS):
        if comes == look:
            volume, comes, deliveries, dry = SAFE / 100 * home.capacity, -1, deliveries + 1, False
        if comes < look and wants(look, volume):
            comes = look + int(home.leads[look // LOOKS]) * LOOKS
        volume -= drawn[look]
        if volume <= 0:
            if not dry:
                runouts.append(look)
            volume, dry = 0.0, True
    return Year(runouts, deliveries)


def by_threshold(home: Household, percent: float) -> Callable[[int, float], bool]:
    """Orders at or below so many percent."""
    return lambda _look, volume: volume <= percent / 100 * home.capacity


class ByForecast:
    """Orders as the product does: by its forecast of the household, made anew at each look that may matter."""

    def __init__(self, home: Household, risk: float) -> None:
        self.home, self.risk = home, risk
        self.use = home.hourly.sum(axis=1)
        self.day, self.is_near, self.volume = -1, True, 0.0
        self.demand: Demand

    def __call__(self, look: int, volume: float) -> bool:
        day, quarter = divmod(look, LOOKS)
        if day == self.day and not self.is_near and volume <= self.volume:
            return False
        if day != self.day:
            self._learn(day)
        now = BEGIN + timedelta(days=look / LOOKS)
        made = self._forecast(day, quarter / LOOKS, volume, now)
        self.day, self.volume = day, volume
        self.is_near = float(made.empty_days[0]) < NEAR
        tank = TankFacts(self.home.capacity, 5.0, volume / self.home.capacity * 100, now, safe_fill=SAFE)
        supply, wishes = Supply(LONGEST_LEAD + 1 / LOOKS), Wishes(risk=self.risk)
        return decide(tank=tank, forecast=made, supply=supply, wishes=wishes, now=now).order

    def _learn(self, day: int) -> None:
        known = range(day - WARM_UP, day)
        days = [DayUse(1 + index, float(self.use[index]), 0.0, False) for index in known]
        self.demand = demand_fit(days, capacity=self.home.capacity)
        hours = self.home.hourly[day - WARM_UP : day].sum(axis=0) + 1e-3
        self.profile = hours / hours.sum()

    def _forecast(self, day: int, elapsed: float, volume: float, now: datetime) -> Forecast:
        return forecast_make(
            self.demand,
            made_at=now.timestamp(),
            volume=volume,
            low_volume=0.0,
            weekday=day % 7,
            profile=self.profile,
            elapsed=elapsed,
        )


def years(job: tuple[str, int]) -> dict[str, Year]:
    """One household's year under each policy."""
    home = household(*job)
    lived = {f"threshold {percent} %": live(home, by_threshold(home, percent)) for percent in THRESHOLDS}
    lived["always"] = live(home, by_threshold(home, SAFE - 0.1))
    return lived | {f"forecast, risk {risk:g}": live(home, ByForecast(home, risk)) for risk in RISKS}


def summed(found: list[dict[str, Year]]) -> list[dict[str, object]]:
    """A line a policy."""
    weeks = len(found) * (DAYS - WARM_UP) / 7
    lines: dict[str, dict[str, float]] = {}
    for name in found[0]:
        runouts = sum(len(years[name].runouts) for years in found)
        avoidable = sum(
            not any(abs(at - other) <= SAME for other in years["always"].runouts)
            for years in found
            for at in years[name].runouts
        )
        lines[name] = {
            "runouts_per_1000_tank_weeks": round(1000 * runouts / weeks, 2),
            "avoidable": round(1000 * avoidable / weeks, 2),
            "deliveries_per_tank_year": round(
                52.14 * sum(years[name].deliveries for years in found) / weeks, 1
            ),
        }
    frontier = [
        (line["runouts_per_1000_tank_weeks"], line["deliveries_per_tank_year"])
        for name, line in lines.items()
        if name.startswith("threshold") or name == "always"
    ]
    told: list[dict[str, object]] = []
    for name, line in lines.items():
        told.append({"policy": name, **line})
        if name.startswith("forecast"):
            told[-1]["threshold_deliveries"] = _needed(frontier, line["runouts_per_1000_tank_weeks"])
    return told


def _needed(frontier: list[tuple[float, float]], runouts: float) -> float | None:
    """Deliveries at which the thresholds have so few run-outs (straight in their logarithm); None: at none."""
    for (more, few), (less, many) in pairwise(sorted(frontier, key=lambda pair: pair[1])):
        if less <= runouts <= more:
            span = math.log((more + 0.01) / (less + 0.01))
            share = math.log((more + 0.01) / (runouts + 0.01)) / span if span else 0.0
            return round(few + share * (many - few), 1)
    return None


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--homes", type=int, default=30)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--model", choices=list(MODELS))
    options = parser.parse_args()
    chosen = [model for model in MODELS if options.model in (None, model)]
    jobs = [
        (model, seed * 100_000 + 1_000 * place + number)
        for seed in options.seeds
        for place, model in enumerate(chosen)
        for number in range(options.homes)
    ]
    with multiprocessing.Pool(options.processes) as pool:
        found = list(pool.imap(years, jobs, chunksize=2))
    for line in summed(found):
        print(json.dumps({**line, "homes": len(jobs), "seeds": options.seeds}))


if __name__ == "__main__":
    main()
