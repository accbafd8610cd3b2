"""Sixty days of a household's water: draws by hour and weekday, refills when low, and a few troubles."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from config.demo.hours import CLOSES, OPENS

DAYS = 60
STEP = timedelta(minutes=15)
STEPS_A_DAY = 96
NOISE_PERCENT = 0.05
MISSING = 0.02
SAFE_FILL = 0.95

# Share of a day's water by hour of local time: a morning and an evening peak, little at night.
HOURS = np.array([1, 0.6, 0.4, 0.4, 0.8, 3, 7, 9, 7, 5, 4, 4, 4.5, 4, 3.5, 3.5, 4, 6, 8, 8, 6.5, 5, 3, 1.8])
HOURS = HOURS / HOURS.sum()
WEEKDAYS = np.array([0.95, 0.93, 0.95, 0.97, 1.0, 1.15, 1.12])


@dataclass(frozen=True)
class Household:
    """How a tank is used: litres; `leak_liters_per_day` runs for the last `leak_days`; `order_at` percent."""

    capacity: float
    daily_liters: float
    start_percent: float
    order_at: float = 28.0
    leak_liters_per_day: float = 0.0
    leak_days: int = 0
    away_from_day: int = -1
    away_days: int = 0


@dataclass
class History:
    """What happened: `times` UTC and `percent` seen by the sensor, `refills` as (time, litres)."""

    times: list[datetime] = field(default_factory=list)
    percent: list[float] = field(default_factory=list)
    refills: list[tuple[datetime, float]] = field(default_factory=list)


def _truck(step: int, local: datetime, quarters: int) -> int:
    """The step of a delivery ordered at `step`: so many quarters of an hour into the next working day."""
    to_midnight = STEPS_A_DAY - (4 * local.hour + local.minute // 15)
    return step + to_midnight + 4 * OPENS + quarters


def simulate(
    home: Household, *, until: datetime, utc_offset_hours: int, random: np.random.Generator
) -> History:
    """The history of the `DAYS` before `until`, in steps of 15 minutes."""
    history = History()
    steps = DAYS * STEPS_A_DAY
    start = until - steps * STEP
    day_factor = random.lognormal(-0.02, 0.2, DAYS + 2)
    gusts = random.gamma(0.7, 1 / 0.7, steps)
    noise = random.normal(0, NOISE_PERCENT, steps)
    missing = random.random(steps) < MISSING
    volume = home.capacity * home.start_percent / 100
    truck_at: int | None = None
    for step in range(steps):
        at = start + step * STEP
        local = at + timedelta(hours=utc_offset_hours)
        day = step // STEPS_A_DAY
        use = (
            home.daily_liters
            * HOURS[local.hour]
            / 4
            * WEEKDAYS[local.weekday()]
            * day_factor[day]
            * gusts[step]
        )
        if home.away_from_day <= day < home.away_from_day + home.away_days:
            use = 0.0
        if day >= DAYS - home.leak_days:
            use += home.leak_liters_per_day / STEPS_A_DAY
        volume = max(0.0, volume - use)
        percent = 100 * volume / home.capacity
        if truck_at is None and percent < home.order_at and step < steps - STEPS_A_DAY:
            truck_at = _truck(step, local, int(random.integers(0, 4 * (CLOSES - OPENS))))
        if truck_at == step:
            liters = round((SAFE_FILL * home.capacity - volume) / 100) * 100
            volume += liters
            history.refills.append((at, float(liters)))
            percent, truck_at = 100 * volume / home.capacity, None
        if not missing[step]:
            history.times.append(at)
            history.percent.append(float(np.clip(percent + noise[step], 0, 100)))
    return history
