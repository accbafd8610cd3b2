"""A year of keep-full, by forecast and by threshold: run-outs and deliveries, one JSON line each.

    python -m benchmarks.mind.replenish [--homes 30] [--seed 1]

Once a day the level is looked at and perhaps an order placed, which comes one to three days later; who looks once a
day must order for a day longer than the delivery takes. Two policies compare where their run-outs are equal.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
from datetime import UTC, datetime, timedelta

import numpy as np

from benchmarks.mind.demand import DAY
from benchmarks.mind.models import MODELS
from orders.replenishment import Supply, TankFacts, Wishes, decide
from tanks.demand import demand_fit
from tanks.forecast import Forecast, forecast_make
from tanks.usage import DayUse, flat_profile

WARM_UP, DAYS, LONGEST_LEAD, SAFE = 56, 420, 3, 0.95
BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
# (rule, low-water threshold in percent, accepted risk)
POLICIES = [("threshold", float(level), 1.0) for level in (25, 40, 50, 60, 70)] + [
    ("forecast", 5.0, risk) for risk in (0.0, 0.003, 0.01, 0.03)
]


def year(job: tuple[str, int, tuple[str, float, float]]) -> tuple[str, int, int]:
    model, seed, (rule, threshold, risk) = job
    rng = np.random.default_rng(seed)
    use = MODELS[model](np.random.default_rng(seed + 1), rng, DAYS, start_day=0).reshape(-1, DAY).sum(axis=1)
    usual = max(float(np.median(use[use > 20])), 40.0)
    capacity = float(np.clip(usual * rng.uniform(7, 28), 500, 20_000))
    leads = rng.integers(1, LONGEST_LEAD + 1, DAYS)
    volume, comes, runouts, deliveries, dry = 0.8 * capacity, None, 0, 0, False
    for day in range(WARM_UP, DAYS):
        now = BEGIN + timedelta(days=day)
        if comes == day:
            volume, comes, deliveries, dry = SAFE * capacity, None, deliveries + 1, False
        if comes is None:
            forecast = _forecast(use, day, volume, capacity, now) if rule == "forecast" else None
            tank = TankFacts(capacity, threshold, volume / capacity * 100, now)
            decision = decide(
                tank=tank,
                forecast=forecast,
                supply=Supply(LONGEST_LEAD + 1),
                wishes=Wishes(risk=risk),
                now=now,
            )
            if decision.order:
                comes = day + int(leads[day])
        volume -= use[day]
        if volume <= 0:
            runouts += not dry
            volume, dry = 0.0, True
    return f"{rule} {threshold:g} % risk {risk:g}", runouts, deliveries


def _forecast(use: np.ndarray, day: int, volume: float, capacity: float, now: datetime) -> Forecast:
    days = [DayUse(1 + index, float(use[index]), 0.0, False) for index in range(day - WARM_UP, day)]
    return forecast_make(
        demand_fit(days, capacity=capacity),
        made_at=now.timestamp(),
        volume=volume,
        low_volume=0.0,
        weekday=day % 7,
        profile=flat_profile(),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--homes", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    jobs = [
        (model, options.seed * 100_000 + number, policy)
        for policy in POLICIES
        for model in MODELS
        for number in range(options.homes)
    ]
    sums: dict[str, list[int]] = {}
    with multiprocessing.Pool(options.processes) as pool:
        for name, runouts, deliveries in pool.imap(year, jobs, chunksize=5):
            total = sums.setdefault(name, [0, 0, 0])
            for index, value in enumerate((runouts, deliveries, 1)):
                total[index] += value
    for name, (runouts, deliveries, tanks) in sums.items():
        weeks = tanks * (DAYS - WARM_UP) / 7
        line = {"policy": name, "runouts_per_1000_tank_weeks": round(1000 * runouts / weeks, 3)}
        print(json.dumps({**line, "deliveries_per_tank_year": round(52.14 * deliveries / weeks, 2)}))


if __name__ == "__main__":
    main()
