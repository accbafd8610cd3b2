"""Homes as the goals describe them, and no harder: two more ways to draw water, and a setting of their own.

`enduses` draws each end use of a household minute by minute (numbers as in the REUWS and SIMDEUM studies), with
people who leave for work and get up at night. `compact` is the shortest model that has days, hours and events.
Their tanks hold some two weeks, their sensors report every quarter of an hour in hundredths of a percent, and a
fault comes after some weeks of history: without the cattle, offices, header tanks, whole-percent sensors and
hourly readings of the other models.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.mind.demand import DAY, Minutes, pour, presence
from benchmarks.mind.habits import remembered


@dataclass(frozen=True, slots=True)
class Use:
    """One end use: how often a day, litres and minutes of each (median and logarithmic spread), and when."""

    a_day: NDArray[np.float64]
    litres: tuple[float, float]
    minutes: int
    profile: Minutes


def enduses(who: np.random.Generator, rng: np.random.Generator, days: int, *, start_day: int) -> Minutes:
    """A household's toilets, taps, showers, kitchen, machines, bath and hose."""
    people = int(who.choice([1, 2, 3, 4, 5, 6], p=[0.2, 0.3, 0.18, 0.17, 0.1, 0.05]))
    workers = int(who.binomial(people, 0.6))
    rises, sleeps = who.normal(6.6, 0.7), who.normal(22.6, 0.7)
    leaves, returns = rises + who.uniform(0.8, 1.8), who.normal(17, 1)
    thrift = float(np.clip(who.normal(0.85, 0.18), 0.45, 1.3))
    flush = float(who.choice([4.5, 6, 7.5, 9], p=[0.25, 0.45, 0.2, 0.1]))
    shower = who.uniform(5.5, 9) * who.uniform(4.5, 8.5)
    wash = who.uniform(40, 85) if who.random() < 0.85 else 0.0
    dishwasher, bath = who.random() < 0.35, who.uniform(80, 140) if who.random() < 0.12 else 0.0
    hose = (who.uniform(0.1, 0.5), who.uniform(60, 220)) if who.random() < 0.4 else (0.0, 0.0)
    at_night = who.uniform(0.1, 0.6)

    hour = np.arange(DAY) / 60
    factor, _away = presence(rng, days)
    here, there = np.minimum(factor, 1.0), people * factor
    weekend = (np.arange(days) + start_day) % 7 >= 5
    busy = np.exp(rng.normal(0, 0.08, days))
    at_home = np.where(weekend, 0.85, 1 - 0.45 * workers / people)
    awake = 1 / (1 + np.exp(6 * (rises - hour))) / (1 + np.exp(6 * (hour - sleeps - 0.4)))
    awake *= 1 - 0.6 * workers / people * ((hour > leaves) & (hour < returns))

    def at(*peaks: tuple[float, float, float], always: float = 0.05) -> Minutes:
        """Peaks (hour, width, height) of the waking hours."""
        shape = always + sum(high * np.exp(-0.5 * ((hour - peak) / wide) ** 2) for peak, wide, high in peaks)
        profile: Minutes = shape * awake / (shape * awake).sum()
        return profile

    anytime = at((rises + 0.3, 0.5, 2), (18, 2, 0.5), (sleeps - 0.3, 0.5, 1.5), always=0.6)
    cooking = at((rises + 0.7, 0.6, 1), (12.7, 0.9, 0.9), (18.8, 1, 1.6), always=0.15)
    bathing = at((rises + 0.5, 0.5, 3), (20.5, 1.2, 1.5))
    asleep = np.where((hour < rises - 0.5) | (hour > sleeps + 0.5), 1.0, 0.0)
    uses = [
        Use(5.2 * there * at_home * busy, (flush, 0.15), 2, anytime),
        Use(at_night * there, (flush, 0.15), 2, asleep / asleep.sum()),
        Use(6 * there * at_home * busy, (1.1 * thrift, 0.6), 1, anytime),
        Use((4 * here + 3.5 * there * at_home) * busy, (1.9 * thrift, 0.7), 1, cooking),
        Use(0.72 * there * busy, (shower, 0.4), 7, bathing),
        Use(np.minimum(1.7 * busy, 3) * here, ((5 + 2.2 * people) * thrift, 0.35), 6, cooking),
        Use(0.2 * here, (bath, 0.1), 10, bathing),
        Use(hose[0] * here, (hose[1], 0.15), 18, at((7.5, 1, 1), (18.3, 1, 1.8))),
        Use(0.22 * there, (wash or 45 * thrift, 0.1), 50, at((10, 2, 1), (18.5, 1.5, 0.5), always=0.1)),
    ]
    if dishwasher:
        uses[5] = Use(np.minimum(0.25 + 0.12 * people, 1) * here, (14.0, 0.1), 40, cooking)
    shift = rng.normal(0, 24, days) + 60 * weekend
    draw = np.zeros(days * DAY)
    for use in uses:
        _use(rng, draw, use, shift)
    return draw


def _use(rng: np.random.Generator, draw: Minutes, use: Use, shift: Minutes) -> None:
    day = np.repeat(np.arange(len(shift)), rng.poisson(use.a_day))
    minute = rng.choice(DAY, size=len(day), p=use.profile) + shift[day]
    start = day * DAY + np.clip(minute, 0, DAY - 1).astype(np.int64)
    median, spread = use.litres
    litres = median * np.exp(rng.normal(0, spread, len(day)))
    pour(draw, start, litres, np.full(len(day), use.minutes))


def compact(who: np.random.Generator, rng: np.random.Generator, days: int, *, start_day: int) -> Minutes:
    """Log-normal days with memory, morning, midday and evening peaks, and draws of log-normal size."""
    people = int(who.choice([1, 2, 3, 4, 5, 6], p=[0.12, 0.3, 0.2, 0.2, 0.12, 0.06]))
    mean = (40 + 80 * people) * who.lognormal(0, 0.25)
    spread, memory = who.uniform(0.15, 0.35), who.uniform(0.1, 0.5)
    rhythm = np.clip(who.normal(1, 0.05, 7), 0.85, 1.15)
    rhythm[5:] *= who.uniform(1.0, 1.35)
    late, hose = who.normal(0, 0.6), who.uniform(80, 250) if who.random() < 0.25 else 0.0
    factor, _away = presence(rng, days)
    weekday = (np.arange(days) + start_day) % 7
    wanted = mean * rhythm[weekday] * factor * np.exp(remembered(rng, days, memory, spread) - spread**2 / 2)
    median, width = 7.0, 0.9
    day = np.repeat(np.arange(days), rng.poisson(wanted / (median * np.exp(width**2 / 2))))
    kind = rng.choice(4, len(day), p=[0.34, 0.19, 0.38, 0.09])
    centre, wide = np.array([7.2, 13.0, 19.4, 0.0])[kind], np.array([0.9, 2.5, 1.5, 1.0])[kind]
    hour = rng.normal(centre + np.where(kind == 0, 1.2 * (weekday[day] >= 5), 0.0), wide) + late
    hour = np.where(kind == 3, rng.uniform(0, 24, len(day)), hour) % 24
    draw = np.zeros(days * DAY)
    start = day * DAY + (hour * 60).astype(np.int64)
    pour(draw, start, rng.lognormal(np.log(median), width, len(day)), np.full(len(day), 4))
    watered = np.flatnonzero((rng.random(days) < 0.25) & (factor > 0)) if hose else []
    for day_of in watered:
        first, minutes = day_of * DAY + int(rng.uniform(18, 20) * 60), int(rng.integers(30, 60))
        draw[first : first + minutes] += hose * rng.uniform(0.7, 1) / minutes
    return draw


def tank(rng: np.random.Generator, typical: float) -> tuple[float, float]:
    """Litres and height (millimetres) of a tank for a household of so many litres a day."""
    capacity = float(np.clip(np.round(typical * rng.lognormal(np.log(13), 0.45), -2), 1000, 20_000))
    return capacity, 1200 * (capacity / 1000) ** 0.3 * float(rng.uniform(0.95, 1.05))


def leak_litres(rng: np.random.Generator, capacity: float, *, large: bool) -> float:
    """A day: from 3 to 12 % of capacity, or from 20 litres to less than that; small ones are the more frequent."""
    three_percent = 0.03 * capacity
    if large:
        return float(max(np.exp(rng.uniform(np.log(three_percent), np.log(4 * three_percent))), 20.0))
    return float(np.exp(rng.uniform(np.log(20), np.log(max(min(0.99 * three_percent, 120), 21)))))
