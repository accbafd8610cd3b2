"""Homes with a tank, a sensor that is not perfect, refills, and faults whose truth is known.

`home(seed, model=…)` is deterministic, and shares no chance with another model's of the same seed. The sensor
has 1-2 mm of noise, a daily temperature drift, missing readings, gaps of hours, wild echoes, restarts at zero
and slosh after a refill; the fault is one of FAULTS.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from benchmarks.mind.demand import DAY, Minutes
from benchmarks.mind.models import MODELS, USUAL
from benchmarks.mind.usual import leak_litres, tank

FAULTS = ("none", "leak_large", "leak_small", "burst", "stuck", "offline")
START = 1_746_403_200  # Monday 2025-05-05 00:00 UTC
ZONES = ("UTC", "Asia/Kolkata", "Africa/Nairobi", "America/Bogota", "Australia/Brisbane")  # no summer time
FAULT_FROM = 0.25  # of capacity: there must be something to lose
AHEAD = 150  # days simulated past the readings, for the truth of the time to empty


@dataclass(slots=True)
class Home:
    """Everything true of one home, and what its sensor reported. Times: seconds since the epoch."""

    name: str
    model: str
    fault: str
    zone: str
    capacity: float
    low_threshold: float
    days: int
    start: int
    interval_minutes: int
    times: NDArray[np.float64]
    levels: NDArray[np.float64]
    volume: Minutes = field(repr=False)  # true litres in the tank at each minute
    draw: Minutes = field(repr=False)  # litres used in each minute, AHEAD days longer than the readings
    other_lives: Minutes = field(repr=False)  # daily totals of the same household with other luck, (k, days)
    refills: list[tuple[float, float]] = field(default_factory=list)
    fault_at: float | None = None
    fault_until: float | None = None
    fault_size: float = 0.0  # litres a day of a leak, percent an hour of a burst

    @property
    def usual(self) -> bool:
        return self.model in USUAL

    def minute_of(self, moment: float | None) -> int:
        return round(((moment or self.start) - self.start) / 60)


def home(
    seed: int, *, fault: str, model: str, days: int = 60, interval: int | None = None, lives: int = 0
) -> Home:
    """One home from one seed.

    `interval`: minutes between readings (else drawn: 5, 15, 30 or 60). `lives`: how many other lives of the
    same household to simulate, for what its own day-to-day variation forces a forecast's width to be.
    """
    rng = np.random.default_rng([seed, *model.encode()])
    start_day = int(rng.integers(0, 52)) * 7
    household, chance = (int(value) for value in rng.integers(2**31, size=2))

    def live(luck: int, length: int) -> Minutes:
        return (MODELS | USUAL)[model](
            np.random.default_rng(household), np.random.default_rng(luck), length, start_day=start_day
        )

    draw = live(chance, days + AHEAD)
    other = np.array([live(chance + 1 + k, days + AHEAD).reshape(-1, DAY).sum(axis=1) for k in range(lives)])
    usage = draw.reshape(-1, DAY).sum(axis=1)
    typical = max(float(np.median(usage[usage > 20])) if (usage > 20).any() else 100.0, 40.0)
    capacity = float(np.clip(np.round(typical * rng.uniform(7, 28), -2), 500, 20_000))
    height = float(np.clip((capacity / 1000) ** 0.4 * rng.uniform(0.9, 1.4), 0.7, 3.5)) * 1000
    if model in USUAL:
        capacity, height = tank(rng, typical)
        interval = interval or 15
    interval = interval or int(rng.choice([5, 15, 15, 15, 30, 60], p=[0.1, 0.25, 0.25, 0.2, 0.1, 0.1]))
    zone = ZONES[int(rng.integers(len(ZONES)))]
    offset = datetime.fromtimestamp(START, ZoneInfo(zone)).utcoffset() or timedelta()
    start = START + start_day * 86400 - round(offset.total_seconds())
    result = Home(
        name=f"{model}-{fault}-{seed}",
        model=model,
        fault=fault,
        zone=zone,
        capacity=capacity,
        low_threshold=25.0,
        days=days,
        start=start,
        interval_minutes=interval,
        times=np.empty(0),
        levels=np.empty(0),
        volume=np.empty(0),
        draw=draw,
        other_lives=other,
    )
    for _ in range(20):
        result.refills.clear()
        _fill(rng, result, _plan_fault(rng, result))
        needs_water = fault == "burst" or (result.usual and fault != "none")
        if not needs_water or result.volume[result.minute_of(result.fault_at)] > FAULT_FROM * capacity:
            break
    _measure(rng, result, height)
    return result


def _plan_fault(rng: np.random.Generator, home: Home) -> Minutes:
    """Litres lost in each minute besides use; notes the fault's truth on the home."""
    minutes = home.days * DAY
    loss = np.zeros(minutes)
    if home.fault == "none":
        return loss
    latest = home.days - (12 if home.fault.startswith("leak") else 5)
    earliest = 18 if home.usual else 8
    at = int(rng.uniform(earliest, max(latest, earliest + 1)) * DAY)
    until = minutes
    if home.fault.startswith("leak"):
        three_percent = 0.03 * home.capacity
        if home.usual:
            home.fault_size = leak_litres(rng, home.capacity, large=home.fault == "leak_large")
        elif home.fault == "leak_large":
            home.fault_size = float(max(three_percent * rng.uniform(1.0, 3.0), 20.0))
        else:
            top = max(three_percent, 40.0)
            home.fault_size = float(np.exp(rng.uniform(np.log(20), np.log(min(top, 150)))))
        until = min(at + int(rng.uniform(9, 25) * DAY), minutes)
        loss[at:until] = home.fault_size / DAY
    elif home.fault == "burst":
        home.fault_size = float(rng.uniform(15, 60))
        until = min(at + int(rng.uniform(60, 180)), minutes)
        loss[at:until] = home.fault_size / 100 * home.capacity / 60
    elif home.fault == "stuck":
        until = min(at + int(rng.uniform(2, 6) * DAY), minutes)
    elif home.fault == "offline":
        until = min(at + int(rng.uniform(2, 10) * DAY), minutes)
    home.fault_at = home.start + at * 60.0
    home.fault_until = home.start + until * 60.0
    return loss


def _fill(rng: np.random.Generator, home: Home, loss: Minutes) -> None:
    """The true volume at each minute, with refills ordered at a level of the home's own."""
    minutes = home.days * DAY
    out = home.draw[:minutes] + loss
    volume = home.volume = np.empty(minutes)
    level = home.capacity * float(rng.uniform(0.5, 0.97))
    trigger = float(rng.uniform(0.15, 0.35)) * home.capacity
    pace = float(rng.choice([rng.uniform(80, 300), rng.uniform(8, 30)], p=[0.85, 0.15]))
    partial = rng.random() < 0.3
    minute = 0
    while minute < minutes:
        track = level - np.cumsum(out[minute:])
        below = np.flatnonzero(track < trigger)
        if not len(below):
            volume[minute:] = np.maximum(track, 0)
            return
        order = minute + int(below[0])
        day = order // DAY + int(rng.integers(0, 3))
        comes = max(day * DAY + int(rng.uniform(8, 17) * 60), order + 30)
        comes = min(comes, minutes)
        volume[minute:comes] = np.maximum(track[: comes - minute], 0)
        if comes >= minutes:
            return
        level = float(volume[comes - 1])
        target = home.capacity * float(rng.uniform(0.88, 0.99))
        if partial:
            target = min(target, level + max(0.3 * home.capacity, 400))
        minute, level = _pump(home, volume, out, comes, level, max(target - level, 50.0), pace)


def _pump(
    home: Home, volume: Minutes, out: Minutes, comes: int, level: float, litres: float, pace: float
) -> tuple[int, float]:
    """Fill at `pace` litres a minute while use goes on; returns when it ended and the level then."""
    length = min(max(int(litres / pace), 1), len(volume) - comes)
    inflow = litres / max(int(litres / pace), 1)
    for minute in range(comes, comes + length):
        level = min(max(level + inflow - out[minute], 0.0), home.capacity)
        volume[minute] = level
    if length == max(int(litres / pace), 1):
        home.refills.append((home.start + (comes + length) * 60.0, litres))
    return comes + length, level


def _measure(rng: np.random.Generator, home: Home, height: float) -> None:
    """What the sensor reported: percent of capacity against time, with everything that goes wrong."""
    minutes = home.days * DAY
    at = np.arange(int(rng.integers(0, home.interval_minutes)), minutes, home.interval_minutes)
    share = home.volume[at] / home.capacity
    per_mm = 100 / height  # percent of capacity in a millimetre
    noise = rng.uniform(1.0, 2.0)
    level = share * 100 + rng.normal(0, noise, len(at)) * per_mm
    level += _temperature(rng, at, share) * per_mm
    level += _slosh(rng, home, at) * per_mm
    if not home.usual and rng.random() < 0.3:
        level = np.round(level / per_mm) * per_mm  # a sensor that counts whole millimetres
    wild = rng.random(len(at)) < 0.003
    level[wild] = rng.uniform(0, 100, int(wild.sum()))
    for _ in range(0 if home.usual else rng.poisson(1.5 * home.days / 60)):
        first = int(rng.integers(0, len(at)))
        level[first : first + int(rng.integers(1, 3))] = 0.0
    keep = rng.random(len(at)) > 0.02
    for _ in range(rng.poisson(4 * home.days / 60)):
        first = int(rng.integers(0, minutes))
        keep &= ~((at >= first) & (at < first + int(rng.uniform(1, 9) * 60)))
    if home.fault in ("stuck", "offline"):
        _silence(rng, home, at, level, keep)
    home.times = (home.start + at * 60.0 + np.round(rng.uniform(0, 20, len(at))))[keep]
    decimals = 2 if home.usual else int(rng.choice([0, 1, 2, 3], p=[0.05, 0.25, 0.5, 0.2]))
    home.levels = np.round(np.clip(level, 0, 100), decimals)[keep]


def _temperature(rng: np.random.Generator, at: NDArray[np.int64], share: Minutes) -> Minutes:
    """Millimetres of apparent rise with the warmth of the day: steady, or with the air gap."""
    amplitude, peak = rng.uniform(0, 4), rng.uniform(13, 17) * 60
    day = at // DAY
    strength = np.clip(1 + 0.35 * rng.standard_normal(int(day.max()) + 1), 0.2, 2.0)[day]
    wave = np.cos((at - peak) * 2 * np.pi / DAY)
    gap = 1.5 * (1 - share) + 0.3 if rng.random() < 0.5 else 1.0
    return amplitude * strength * wave * gap


def _slosh(rng: np.random.Generator, home: Home, at: NDArray[np.int64]) -> Minutes:
    """Damped waves of millimetres in the hour after a refill."""
    wave = np.zeros(len(at))
    for ended, _litres in home.refills:
        since = at - (ended - home.start) / 60
        near = (since >= -5) & (since < 120)
        wave[near] += rng.normal(0, 12, int(near.sum())) * np.exp(-np.maximum(since[near], 0) / 20)
    return wave


def _silence(
    rng: np.random.Generator, home: Home, at: NDArray[np.int64], level: Minutes, keep: NDArray[np.bool_]
) -> None:
    """A sensor that repeats itself (some with a last digit that flickers), or says nothing."""
    clock = home.start + at * 60.0
    during = (clock >= (home.fault_at or 0)) & (clock < (home.fault_until or 0))
    if home.fault == "offline":
        keep &= ~during
        return
    first = int(np.argmax(during))
    level[during] = level[max(first - 1, 0)]
    if rng.random() < 0.2:
        level[during] += rng.choice([-0.01, 0.0, 0.01], int(during.sum()))
