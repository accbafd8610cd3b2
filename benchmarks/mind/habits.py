"""Two more ways to draw water: homes of many habits, and rectangular pulses; the same shape as in `demand`.

`varied` gives each home habits of its own: how many live there and when they are awake, a garden on a timer,
a softener that rinses in the small hours, an ice maker, a header tank filled in batches, a cistern that runs
for some hours. `pulses` has no fixtures at all: Poisson clusters of pulses with their own length and strength.
"""

from __future__ import annotations

import numpy as np

from benchmarks.mind.demand import DAY, Minutes, presence, weather

_FAMILY = (0.4, 0.2, 0.1, 0.1, 0.2, 0.8, 2.0, 2.6, 1.8, 1.1, 0.9, 0.9)
_FAMILY += (1.1, 0.9, 0.7, 0.8, 1.1, 1.6, 2.0, 1.9, 1.6, 1.4, 1.1, 0.7)
_COMMUTERS = (0.15, 0.05, 0.03, 0.03, 0.15, 1.5, 3.5, 3.0, 0.5, 0.1, 0.1, 0.1)
_COMMUTERS += (0.1, 0.1, 0.1, 0.2, 0.7, 2.0, 3.0, 2.6, 2.0, 1.8, 1.2, 0.5)
_OFFICE = (0.0,) * 6 + (0.2, 0.8, 2.5, 3.0, 3.0, 2.6, 3.2, 2.8, 2.6, 2.4, 2.0, 1.2, 0.4) + (0.1,) * 5


def varied(who: np.random.Generator, rng: np.random.Generator, days: int, *, start_day: int) -> Minutes:
    """A home with habits of its own."""
    home = _Home(who)
    factor, _away = presence(rng, days)
    factor *= np.exp(remembered(rng, days, home.memory, home.scatter))
    weekday = (np.arange(days) + start_day) % 7
    factor *= home.rhythm[weekday]
    draw = np.zeros(days * DAY)
    for rate, low, high, shortest, longest in home.fixtures:
        counts = rng.poisson(rate * home.persons * factor)
        day = np.repeat(np.arange(days), counts)
        hour = rng.choice(24, size=len(day), p=home.hours) + rng.random(len(day))
        late = (weekday[day] >= 5) & (hour < 10) & (hour > 4)
        hour += np.where(late, rng.uniform(0, home.lie_in, len(day)), 0.0)
        start = ((day + (hour + home.shift[day // 7 % 4]) / 24) * DAY).astype(np.int64)
        litres, minutes = rng.uniform(low, high, len(day)), rng.integers(shortest, longest + 1, len(day))
        for at, much, long in zip(start, litres, minutes, strict=True):
            draw[at : at + long] += much / long
    home.machines(rng, draw, factor, weather(rng, days, start_day=start_day))
    return _batches(draw, home.batch) if home.batch else draw


def remembered(rng: np.random.Generator, days: int, memory: float, scatter: float) -> Minutes:
    """How far each day is off, when so much of it is left the day after; `scatter`: the standard deviation."""
    fresh = rng.normal(0, scatter * np.sqrt(1 - memory**2), days)
    for day in range(1, days):
        fresh[day] += memory * fresh[day - 1]
    return fresh


def _batches(draw: Minutes, litres: float) -> Minutes:
    """A header tank in the roof: the pump runs when so much of it is used, at 25 litres a minute."""
    used = np.floor(np.cumsum(draw) / litres)
    length = max(round(litres / 25), 1)
    starts = np.flatnonzero(np.diff(used, prepend=0.0) > 0)
    batched = np.zeros(len(draw) + length)
    for start in starts:
        batched[start : start + length] += litres / length
    return batched[: len(draw)]


class _Home:
    def __init__(self, who: np.random.Generator) -> None:
        self.persons = int(who.choice([1, 1, 2, 2, 3, 4, 4, 5, 7]))
        hours = np.array([_FAMILY, _FAMILY, _COMMUTERS, _OFFICE][int(who.integers(4))])
        hours *= np.exp(who.normal(0, 0.3, 24))
        self.hours = hours / hours.sum()
        self.lie_in = who.uniform(0, 3)
        shift = who.uniform(6, 12) if who.random() < 0.12 else who.uniform(-1.5, 1.5)
        self.shift = np.full(4, shift)
        if shift > 6 and who.random() < 0.5:
            self.shift[::2] = 0.0  # a week of nights, a week of days
        self.rhythm = np.exp(who.normal(0, 0.15, 7))
        self.memory, self.scatter = who.uniform(0, 0.5), who.uniform(0.03, 0.2)
        much = np.exp(who.normal(0, 0.25, 6))
        self.fixtures = [
            (5.0 * much[0], 3.0, who.uniform(4, 9) + 1, 1, 3),
            (10.0 * much[1], 0.3, 4.0, 1, 3),
            (0.8 * much[2], 20.0, who.uniform(40, 90), 4, 12),
            (0.5 * much[3], 8.0, 15.0, 40, 100),
            (0.25 * much[4], 40.0, 80.0, 30, 80),
            (0.05 * much[5], 80.0, 180.0, 6, 20),
        ]
        has = who.random(6)
        self.drip = (
            (who.uniform(20, 150), who.uniform(40, 180), who.choice([3, 5, 6, 19, 21]))
            if has[0] < 0.25
            else None
        )
        self.every = int(who.choice([1, 1, 2, 3]))
        self.softener = (who.uniform(60, 200), int(who.integers(3, 9))) if has[1] < 0.15 else None
        self.ice = (who.uniform(0.5, 2.5), who.uniform(90, 240)) if has[2] < 0.15 else None
        self.cistern = who.uniform(0.1, 0.5) if has[3] < 0.12 else None
        self.hose = who.uniform(10, 22) if has[4] < 0.3 else None
        self.batch = who.uniform(30, 250) if has[5] < 0.2 else 0.0

    def machines(self, rng: np.random.Generator, draw: Minutes, factor: Minutes, warmth: Minutes) -> None:
        for day in range(len(factor)):
            home, start = factor[day] > 0.2, day * DAY
            if self.drip and day % self.every == 0 and warmth[day] > -0.3:
                litres, minutes, hour = self.drip
                draw[start + int(hour) * 60 : start + int(hour) * 60 + int(minutes)] += litres / int(minutes)
            if self.softener and day % self.softener[1] == 0 and home:
                draw[start + 120 : start + 170] += self.softener[0] / 50
            if self.ice and home:
                draw[start : start + DAY : int(self.ice[1])] += self.ice[0]
            if self.cistern and home and rng.random() < 0.06:
                at = start + int(rng.integers(0, DAY))
                draw[at : at + int(rng.integers(60, 360))] += self.cistern
            if self.hose and warmth[day] > 0 and home and rng.random() < 0.12:
                at = start + int(rng.uniform(9, 20) * 60)
                draw[at : at + int(rng.integers(5, 40))] += self.hose


def pulses(who: np.random.Generator, rng: np.random.Generator, days: int, *, start_day: int) -> Minutes:
    """Poisson clusters of rectangular pulses: exponential lengths, log-normal strengths (Buchberger & Wu 1995)."""
    mean = float(np.exp(who.uniform(np.log(80), np.log(1200))))  # litres a day
    length, strength, spread = who.uniform(0.7, 3.0), who.uniform(3.0, 8.0), who.uniform(0.3, 0.8)
    together = who.uniform(1.0, 4.0)
    peaks = who.uniform([6, 17], [9, 21])
    hour = np.arange(24) + 0.5
    shape = who.uniform(0.02, 0.1) + sum(
        np.exp(-0.5 * ((hour - peak) / who.uniform(1, 2.5)) ** 2) for peak in peaks
    )
    shape += np.where((hour > 8) & (hour < 22), who.uniform(0.1, 0.5), 0.0)
    shape /= shape.sum()
    factor, _away = presence(rng, days)
    rhythm = np.exp(who.normal(0, 0.12, 7))[(np.arange(days) + start_day) % 7]
    daily = (
        mean * factor * rhythm * np.exp(remembered(rng, days, who.uniform(0, 0.4), who.uniform(0.02, 0.15)))
    )
    counts = rng.poisson(daily / (length * strength * together))
    day = np.repeat(np.arange(days), counts)
    start = day + (rng.choice(24, size=len(day), p=shape) + rng.random(len(day))) / 24
    size = 1 + rng.poisson(together - 1, len(day))
    start = np.repeat(start, size) + rng.exponential(8 / DAY, int(size.sum()))
    long = rng.exponential(length, len(start))
    strong = strength * np.exp(spread * rng.standard_normal(len(start)) - spread**2 / 2)
    first = start * DAY
    total = np.zeros(days * DAY + 1)
    for at, minutes, flow in zip(
        first, long, strong, strict=True
    ):  # exact within the minute it begins and ends
        _pulse(total, at, at + minutes, flow)
    return total[:-1]


def _pulse(total: Minutes, begin: float, end: float, flow: float) -> None:
    end = min(end, len(total) - 1.0)
    first, last = int(begin), int(end)
    if begin >= end:
        return
    if first == last:
        total[first] += flow * (end - begin)
        return
    total[first] += flow * (first + 1 - begin)
    total[first + 1 : last] += flow
    total[last] += flow * (end - last)
