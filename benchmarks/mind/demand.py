"""How water is drawn, minute by minute: three demand models that share nothing with the code under test.

Each model takes the household's generator (who lives there: drawn first, the same for the same seed), the
generator of chance, and a number of days; it gives litres drawn in each minute, shape (days * 1440,), from a
Monday on. They differ in structure on purpose: one is made of
single fixture events, one of smooth correlated daily totals, one of a few violent draws a day.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Minutes = NDArray[np.float64]
DAY = 1440

_AWAKE = np.interp(
    np.arange(24),
    [0, 1, 4, 5, 6, 7, 8, 10, 12, 13, 15, 17, 18, 20, 21, 22, 23],
    [0.5, 0.25, 0.15, 0.4, 1.6, 2.4, 1.9, 1.0, 1.2, 1.1, 0.8, 1.2, 1.8, 1.9, 1.6, 1.3, 0.9],
)
_SHOWER = np.interp(
    np.arange(24),
    [0, 5, 6, 7, 8, 9, 12, 17, 19, 21, 22, 23],
    [0.03, 0.1, 2, 3.5, 2, 1, 0.5, 0.5, 1, 1.5, 1, 0.3],
)
_CHORES = np.interp(np.arange(24), [0, 6, 7, 9, 12, 16, 20, 22, 23], [0, 0, 0.3, 2, 1.2, 1.2, 1.5, 0.4, 0])


def presence(rng: np.random.Generator, days: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """People in the house relative to normal for each day (0 away, > 1 guests), and which days are away."""
    factor = np.ones(days)
    away = np.zeros(days, dtype=bool)
    for _ in range(rng.poisson(0.9 * days / 90)):
        start, length = rng.integers(0, days), rng.integers(3, 15)
        away[start : start + length] = True
    for _ in range(rng.poisson(1.2 * days / 90)):
        start, length = rng.integers(0, days), rng.integers(2, 7)
        factor[start : start + length] = rng.uniform(1.35, 2.2)
    factor[away] = 0.0
    return factor, away


def weather(rng: np.random.Generator, days: int, *, start_day: int) -> NDArray[np.float64]:
    """Warmth of each day, about -1 … 1 over the year, with spells of several days."""
    spell = np.empty(days)
    value = 0.0
    for index in range(days):
        value = 0.8 * value + rng.normal(0, 0.18)
        spell[index] = value
    season = np.cos((np.arange(days) + start_day - 200) * 2 * np.pi / 365)
    return 0.8 * season + spell


def _events(
    rng: np.random.Generator,
    rate: NDArray[np.float64],
    hours: NDArray[np.float64],
    weekend: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Start minutes of Poisson events: `rate` a day, spread by `hours`; weekends start later."""
    counts = rng.poisson(rate)
    day = np.repeat(np.arange(len(rate)), counts)
    weights = hours / hours.sum()
    hour = rng.choice(24, size=len(day), p=weights)
    late = weekend[day] & (hour >= 5) & (hour < 12)
    hour = np.where(late, np.minimum(hour + rng.integers(0, 4, len(day)), 23), hour)
    return day * DAY + hour * 60 + rng.integers(0, 60, len(day))


def pour(
    draw: Minutes, start: NDArray[np.int64], litres: NDArray[np.float64], minutes: NDArray[np.int64]
) -> None:
    """Add events of so many litres, each spread evenly over its minutes."""
    for offset in range(int(minutes.max(initial=0))):
        running = minutes > offset
        at = start[running] + offset
        inside = at < len(draw)
        np.add.at(draw, at[inside], (litres[running] / minutes[running])[inside])


def fixtures(who: np.random.Generator, rng: np.random.Generator, days: int, *, start_day: int) -> Minutes:
    """A family: toilets, taps, showers, machines and for some a garden, each a random event of its own."""
    persons = int(who.integers(1, 7))
    showers = who.uniform(0.6, 1.1)
    garden = _Garden(who) if who.random() < 0.45 else None
    factor, _away = presence(rng, days)
    warmth = weather(rng, days, start_day=start_day)
    weekday = (np.arange(days) + start_day) % 7
    weekend = weekday >= 5
    home = np.where(weekend, 1.25, 0.95) * persons * factor
    draw = np.zeros(days * DAY)
    for rate, hours, low, high, shortest, longest in (
        (5.0, _AWAKE, 5.0, 9.0, 1, 3),
        (9.0, _AWAKE, 0.5, 5.0, 1, 3),
        (showers, _SHOWER, 30.0, 75.0, 5, 11),
        (0.3, _CHORES, 10.0, 18.0, 50, 90),
        (0.22, _CHORES, 45.0, 75.0, 40, 80),
        (0.06, _SHOWER, 110.0, 170.0, 8, 15),
    ):
        start = _events(rng, rate * home, hours, weekend)
        size = len(start)
        pour(draw, start, rng.uniform(low, high, size), rng.integers(shortest, longest + 1, size))
    if garden:
        garden.water(rng, draw, warmth, factor)
    return draw


class _Garden:
    """Watering in the warm half of the year, at a set hour, more often the warmer it is."""

    def __init__(self, who: np.random.Generator) -> None:
        self.hour = int(who.choice([5, 6, 19, 20]))
        self.litres, self.minutes = who.uniform(60, 350), int(who.integers(15, 60))

    def water(self, rng: np.random.Generator, draw: Minutes, warmth: Minutes, factor: Minutes) -> None:
        thirst = 0.0
        for day, warm in enumerate(warmth):
            thirst += max(warm, 0.0)
            if thirst > 1.2 and factor[day] > 0:
                thirst = 0.0
                start = day * DAY + self.hour * 60 + int(rng.integers(0, 30))
                draw[start : start + self.minutes] += self.litres * rng.uniform(0.8, 1.2) / self.minutes


def smooth(who: np.random.Generator, rng: np.random.Generator, days: int, *, start_day: int) -> Minutes:
    """A larger user (guest house, small office): log-normal totals with memory, season and weekly rhythm."""
    mean = who.uniform(150, 1500)
    rhythm = np.exp(who.normal(0, 0.22, 7))
    memory, scatter = who.uniform(0.0, 0.6), who.uniform(0.08, 0.25)
    drift = who.normal(0, 0.0015)
    hours = np.maximum(_AWAKE * np.exp(who.normal(0, 0.35, 24)), 0.02)
    if who.random() < 0.5:
        hours[:5] = 0.0
    factor, away = presence(rng, days)
    warmth = weather(rng, days, start_day=start_day)
    weekday = (np.arange(days) + start_day) % 7
    noise = np.empty(days)
    value = 0.0
    for index in range(days):
        value = memory * value + rng.normal(0, scatter * np.sqrt(1 - memory**2))
        noise[index] = value
    trend = np.exp(drift * np.minimum(np.arange(days), 200))
    total = mean * rhythm[weekday] * np.exp(noise) * np.maximum(1 + 0.18 * warmth, 0.3) * trend * factor
    quarter = np.repeat(hours, 4)[None, :] * rng.gamma(1.2, 1.0, (days, 96))
    quarter /= quarter.sum(axis=1, keepdims=True)
    draw = np.repeat((quarter * total[:, None]).reshape(-1) / 15, 15)
    draw[np.repeat(away, DAY)] = 0.0
    return draw


def trough(who: np.random.Generator, rng: np.random.Generator, days: int, *, start_day: int) -> Minutes:
    """A cattle trough behind a float valve: a herd comes a few times a day and drinks hard; hot days more."""
    herd = who.uniform(250, 1400)
    warmth = weather(rng, days, start_day=start_day)
    moved = np.ones(days)
    for _ in range(rng.poisson(0.6 * days / 90)):
        start, length = rng.integers(0, days), rng.integers(3, 15)
        moved[start : start + length] = rng.choice([0.0, 0.5])
    draw = np.zeros(days * DAY)
    for day in range(days):
        total = herd * max(1 + 0.35 * warmth[day], 0.3) * rng.gamma(30, 1 / 30) * moved[day]
        visits = max(int(rng.poisson(4)), 1)
        share = rng.dirichlet(np.full(visits, 2.0)) * total
        for litres in share:
            start = day * DAY + int(rng.triangular(5, 13, 21) * 60)
            length = max(int(litres / rng.uniform(12, 30)), 1)
            draw[start : start + length] += litres / length
    return draw[: days * DAY]
