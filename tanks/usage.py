"""How much water is drawn: daily and hourly use from noisy levels, and the habits learned from it.

Between two refills a tank can only fall, so the levels are fitted by the nearest series that never rises
(isotonic regression, Barlow et al. 1972): noise cancels inside its flat steps instead of adding up as fake
use, and a temperature wave that comes back adds nothing over a day. Refills are cut out as spans of their
own, with the draw during them estimated. Gaps are bridged along the household's usual hours, and marked.

Times are seconds since the epoch, volumes litres. The state is small and bounded: a new day costs the
same whatever the history.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

Array = NDArray[np.float64]

HOUR = 3600.0
DAY = 86400.0
DAYS_KEPT = 56
BRIDGED_AFTER = 3 * HOUR  # a longer silence is a gap, its use an estimate
ESTIMATED_SHARE = 0.2  # of a day inside gaps: the day's total is marked as estimated
UNSEEN_SHARE = 0.25  # of the hours so far inside gaps: they say nothing of the day
LEAST_DAY_SHARE = 0.05  # a day cannot be told from less of its usual use
HOME_SHARE = 0.12  # of the usual use: less means nobody is at home
HOME_SHARE_OF_TOP = 0.09  # the same against the days of most use, which outnumbering days away cannot hide
PROFILE_MEMORY = 1 / 15  # weight of a new day in the hourly profile
NIGHT_HOURS = range(5)


@dataclass(frozen=True, slots=True)
class RefillSpan:
    """Water came in between these two times (seconds): levels inside say nothing about use."""

    start_at: float
    end_at: float


@dataclass(frozen=True, slots=True)
class Draw:
    """Cumulative litres drawn at increasing times (one origin), with refills taken out.

    `level_end`: fitted litres in the tank at the last time; `gaps`: (start, end) of bridged silences.
    """

    times: Array
    drawn: Array
    level_end: float
    gaps: tuple[tuple[float, float], ...]

    def at(self, moments: Array, *, clock: Clock) -> Array:
        """Cumulative litres at these times, between readings along the usual hours; flat outside."""
        return np.interp(clock.activity(moments), clock.activity(self.times), self.drawn)


@dataclass(frozen=True, slots=True)
class Clock:
    """Maps time to expected activity: one unit a day, spread over its hours as use is."""

    day_start: float  # seconds: a local midnight
    profile: Array  # 24 shares that sum to 1

    def activity(self, moments: Array | float) -> Array:
        since = (np.asarray(moments, dtype=np.float64) - self.day_start) / HOUR
        days, hour = np.divmod(since, 24.0)
        steps = np.concatenate([[0.0], np.cumsum(self.profile)])
        activity: Array = days + np.interp(hour, np.arange(25.0), steps)
        return activity


def flat_profile() -> Array:
    return np.full(24, 1 / 24)


def draw_from_levels(
    times: Array, litres: Array, spans: Sequence[RefillSpan], *, clock: Clock, daily_litres: float
) -> Draw | None:
    """The draw behind believed levels. None with fewer than two readings.

    `daily_litres`: what the household uses in a usual day, for the draw during a refill.
    """
    if len(times) < 2:
        return None
    drawn = np.empty(len(times))
    offset, level, last = 0.0, litres[0], -1
    kept = np.zeros(len(times), dtype=bool)
    for start, end in _segments(times, spans):
        fitted = fall_only(litres[start:end])
        if last >= 0:
            between = clock.activity(times[[last, start]])
            offset += float(between[1] - between[0]) * daily_litres
        drawn[start:end] = offset + fitted[0] - fitted
        kept[start:end] = True
        offset, level, last = float(drawn[end - 1]), float(fitted[-1]), end - 1
    if kept.sum() < 2:
        return None
    moments = times[kept]
    silent = np.flatnonzero(np.diff(moments) > BRIDGED_AFTER)
    gaps = tuple((float(moments[i]), float(moments[i + 1])) for i in silent)
    return Draw(moments, drawn[kept], level, gaps)


def fall_only(litres: Array) -> Array:
    """The nearest series (least squares) that never rises."""
    fitted: Array = isotonic_regression(litres, increasing=False).x
    return fitted


def _segments(times: Array, spans: Sequence[RefillSpan]) -> list[tuple[int, int]]:
    """Index ranges between refills; readings strictly inside a refill belong to none."""
    edges: list[tuple[int, int]] = []
    first = 0
    for span in sorted(spans, key=lambda item: item.start_at):
        stop = int(np.searchsorted(times, span.start_at, side="right"))
        if stop > first:
            edges.append((first, stop))
        first = max(first, int(np.searchsorted(times, span.end_at, side="left")))
    if first < len(times):
        edges.append((first, len(times)))
    return edges


@dataclass(frozen=True, slots=True)
class DayUse:
    """One local day: its number (`date.toordinal`), litres, lowest hourly night flow, and how sure it is."""

    ordinal: int
    litres: float
    night_flow: float  # litres an hour, the lowest of the night's hours
    estimated: bool  # too much of the day lay in a gap


@dataclass(slots=True)
class UsageState:
    """Habits of a household, bounded in size."""

    days: list[DayUse] = field(default_factory=list)
    profile: Array = field(default_factory=flat_profile)
    profile_days: int = 0

    def to_dict(self) -> dict[str, Any]:
        return {
            "days": [[day.ordinal, day.litres, day.night_flow, day.estimated] for day in self.days],
            "profile": self.profile.tolist(),
            "profile_days": self.profile_days,
        }

    @classmethod
    def from_dict(cls, document: dict[str, Any] | None) -> UsageState:
        if not document:
            return cls()
        days = [DayUse(int(o), float(u), float(n), bool(e)) for o, u, n, e in document["days"]]
        return cls(days, np.asarray(document["profile"], dtype=np.float64), int(document["profile_days"]))

    def usual(self) -> float | None:
        """Litres of a usual day with people at home (median of recent ones), None before the first day."""
        recent = [day.litres for day in self.days[-28:]]
        if not recent:
            return None
        use = np.array(recent)
        return float(np.median(use[home_days(use)]))

    def average(self, count: int = 14) -> float | None:
        """`avgDailyUsage`: mean litres of the last days."""
        recent = [day.litres for day in self.days[-count:]]
        return float(np.mean(recent)) if recent else None

    def weekday_profile(self) -> list[float]:
        """Mean use of Monday … Sunday relative to the average day (1.0 where unknown)."""
        usual = self.usual()
        if not usual:
            return [1.0] * 7
        home = [day for day in self.days if day.litres > HOME_SHARE * usual]
        mean = float(np.mean([day.litres for day in home])) if home else 1.0
        result = []
        for weekday in range(7):
            same = [day.litres for day in home if (day.ordinal - 1) % 7 == weekday]
            result.append(float(np.mean(same)) / mean if same else 1.0)
        return result

    def minimum_night_flow(self, count: int = 7) -> float | None:
        """Lowest hourly draw of the last nights, litres an hour."""
        flows = [day.night_flow for day in self.days[-count:] if not day.estimated]
        return min(flows) if flows else None

    def add(self, day: DayUse, hourly: Array) -> None:
        """Take in one closed day and its 24 hourly draws; the oldest day leaves."""
        self.days = [*(kept for kept in self.days if kept.ordinal != day.ordinal), day][-DAYS_KEPT:]
        total = float(hourly.sum())
        if day.estimated or total <= 0:
            return
        usual = self.usual() or total
        if total < HOME_SHARE * usual:
            return
        self.profile_days += 1
        weight = max(PROFILE_MEMORY, 1 / (self.profile_days + 3)) * min(total / usual, 1.0)
        mixed = (1 - weight) * self.profile + weight * (hourly / total)
        mixed = np.maximum(mixed, 0.002)
        self.profile = mixed / mixed.sum()


def home_days(use: Array, *, floor: float = 0.0) -> NDArray[np.bool_]:
    """Which days somebody was at home: those of more than a small share of the days of most use.

    `floor`: litres that the day of most use may reach however lonely it is (else three times the second).
    """
    if len(use) < 4:
        top = float(use.max(initial=0.0))
    else:
        second, first = np.partition(use, -2)[-2:]
        top = float(min(first, max(3 * second, floor)))
    return use >= HOME_SHARE_OF_TOP * top


def day_use(draw: Draw, *, clock: Clock, ordinal: int, hours: int = 24) -> tuple[DayUse, Array]:
    """The draw of one local day of `hours` (23 or 25 when clocks change), and its first 24 hourly draws."""
    marks: Array = clock.day_start + np.arange(hours + 1.0) * HOUR
    drawn = draw.at(marks, clock=clock)
    hourly = np.diff(drawn)
    litres = float(drawn[-1] - drawn[0])
    silent = sum(
        max(0.0, min(end, marks[-1]) - max(start, marks[0])) for start, end in draw.gaps if end > marks[0]
    )
    silent += max(0.0, draw.times[0] - marks[0]) + max(0.0, marks[-1] - draw.times[-1])
    night = [hourly[h] for h in NIGHT_HOURS if h < len(hourly)]
    estimated = silent > ESTIMATED_SHARE * (marks[-1] - marks[0])
    use = DayUse(ordinal, litres, float(min(night)), bool(estimated))
    shaped = np.zeros(24)
    shaped[: min(24, hours)] = hourly[:24]
    return use, shaped


def day_by(draw: Draw, *, clock: Clock, now: float) -> float | None:
    """Litres that the clock's day will draw by what it drew until `now`; None while too little of it was seen."""
    silent = sum(max(0.0, min(end, now) - max(start, clock.day_start)) for start, end in draw.gaps)
    silent += max(0.0, draw.times[0] - clock.day_start) + max(0.0, now - draw.times[-1])
    if silent > UNSEEN_SHARE * (now - clock.day_start):
        return None
    begin, until = draw.at(np.array([clock.day_start, now]), clock=clock)
    share = float(clock.activity(now) - clock.activity(clock.day_start))
    return float(until - begin) / max(share, LEAST_DAY_SHARE)
