"""Stuck: a sensor that repeats itself, told apart from a home that rests and from one that nobody is in.

Two things speak for it. Chance: readings at rest show the sensor's noise, so that a long run of like ones is no
coincidence. Use: the household should have drawn several counts of a coarse sensor meanwhile. A holiday explains
that, too; but it begins with a day, lasts for days, and does not keep wild echoes away.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tanks.detectors.alerts import Signal

HOUR = 3600.0
LIKE_PERCENT = 0.05  # readings of a run differ by so much, or by one count of the sensor
FIRST_STAY = 0.5  # how often a reading at rest stays in the run, before the sensor is known
STAY_QUANTILE = 0.5  # of recent days
LEAST_SHARE, MOST_EQUAL, MOST_LIKE = 0.05, 0.97, 0.999  # of readings at rest that are like the one before
DAYS_KEPT = 11
CHANCE = 1e-6  # a run less likely than this is no coincidence
CHANCE_IN_USE = 1e-3  # and this, when the household must have drawn water meanwhile, or be away
IN_USE_DAYS, IN_USE_NOISE = 0.4, 10.0  # of a usual day's use in the run, and so often the noise
SECONDS = 4 * HOUR
SECONDS_NEW, KNOWN_DAYS = 48 * HOUR, 3  # a coarse sensor must first be known
READINGS = 12
FACTOR, FACTOR_OF_USE = 1.5, 1.2  # times the longest run this sensor has shown at rest; when use speaks, too
CLEAR_READINGS = 3
HIDDEN = 3.0  # times what the run can hide: so much should have been drawn
AMID_DAYS = 1.5  # and so many days' use, when the same holds of the rest of its first day: nobody leaves then
AWAY_DAYS = 1.9  # else
FLICKER_DAYS = 2.5  # when the last digit flickers, as that of a sensor may that is alive
FLICKER_GRAIN = 0.25  # percent: two counts of a coarser sensor hide the use of a day
ECHO_DAYS = 2.9  # since a wild echo: a sensor that sees one was alive then
FAR_PERCENT = 2.0  # a lone reading so far off is a missed echo, and no sign of life
EDGE_PERCENT = 0.5  # an empty or a full tank rightly stays what it is
UNSEEN_FALL, UNSEEN_AN_HOUR = 20.0, 75.0  # unless it fell (percent) further to nothing than bursts can
FULL_DAYS = 1.0  # or stays full while so much of a day's use should have gone
SAME = 1e-9  # percent: readings that differ by less are equal


class Due(NamedTuple):
    """What the household usually draws between two times: days of use, percent of capacity.

    `first_day`: the percent of the rest of the local day in which it begins.
    """

    days: float
    percent: float
    first_day: float


Use = Callable[[float, float], Due]


@dataclass(slots=True)
class Run:
    """Readings in succession that are alike, lowest to highest (percent), since a time (seconds).

    `longest`: of those that ended by themselves; `stay`: how often a reading at rest stays in such a run, by the
    share of readings that are like the one before on each of the `recent` days.
    """

    low: float = math.nan
    high: float = math.nan
    since: float = 0.0
    count: int = 0
    longest: float = 4.0
    stay: float = FIRST_STAY
    recent: list[float] = field(default_factory=list)

    def follow(self, at: float, level: float, width: float) -> bool:
        """Does a reading continue the run? Else a new one begins with it."""
        low = level if level < self.low else self.low
        high = level if level > self.high else self.high
        if high - low <= width + SAME:  # never of the first reading, as there is nothing to compare it with
            self.low, self.high = low, high
            self.count += 1
            return True
        self.longest = max(self.longest, min(self.count, 2 * self.longest))
        self.low = self.high = level
        self.since, self.count = at, 1
        return False

    def learn(self, share: float, most: float) -> float:
        """Take in a day's share of like readings; the share of a usual one."""
        self.recent = [*self.recent, min(max(share, LEAST_SHARE), most)][-DAYS_KEPT:]
        return float(np.quantile(self.recent, STAY_QUANTILE))


@dataclass(slots=True)
class StuckState:
    """The runs of equal readings and of like ones, and the least step ever seen (percent)."""

    equal: Run = field(default_factory=Run)
    like: Run = field(default_factory=Run)
    grain: float = 0.0  # 0: not known yet
    days: int = 0
    before: float = math.nan  # the reading before the run of like ones
    far: int = 0  # readings far from it in succession
    echo_at: float = 0.0

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> StuckState:
        return cls(**{**document, "equal": Run(**document["equal"]), "like": Run(**document["like"])})


def received(
    state: StuckState, at: float, level: float, *, noise: float, interval: float, use: Use | None = None
) -> Signal | None:
    """Count in one reading as it came. `noise`: the sensor's (percent); `interval`: seconds between readings."""
    like = state.like
    was_long = like.count >= READINGS
    if was_long and abs(level - like.low) > FAR_PERCENT and state.far < CLEAR_READINGS - 1:
        state.far += 1
        if level > EDGE_PERCENT:  # zero is what a restarted one says
            state.echo_at = at
        return None
    state.far = 0
    last, lone = like.low, like.count == 1
    state.equal.follow(at, level, 0.0)
    if like.follow(at, level, max(state.grain, LIKE_PERCENT)):
        return _stuck(state, at, level, noise, interval, use) if like.count >= READINGS else None
    missed = lone and abs(last - state.before) > FAR_PERCENT >= abs(level - state.before)
    if not missed:  # a missed echo is no level to have come from
        state.before = last
    return Signal("stuck", False) if was_long else None


def _stuck(
    state: StuckState, at: float, level: float, noise: float, interval: float, use: Use | None
) -> Signal | None:
    """A run of like readings that neither chance nor a household at rest makes."""
    if at - state.like.since < (SECONDS if state.days >= KNOWN_DAYS else SECONDS_NEW):
        return None
    for run in (state.equal, state.like):
        if run.count < max(READINGS, FACTOR_OF_USE * run.longest):
            continue
        due = use(run.since, at) if use else Due(0.0, 0.0, 0.0)
        if level <= EDGE_PERCENT:
            if state.before - level <= max(UNSEEN_FALL, UNSEEN_AN_HOUR * interval / HOUR):
                continue
        elif level >= 100 - EDGE_PERCENT and due.days < FULL_DAYS:
            continue
        if _no_chance(run, due, noise) or _nothing_drawn(state, run, due, at, use):
            evidence = {
                "levelPercent": level,
                "readings": run.count,
                "expectedNoisePercent": round(noise, 4),
                "expectedUsePercent": round(due.percent, 2),
                "from": run.since,
                "to": at,
            }
            return Signal("stuck", True, "warning", evidence)
    return None


def _no_chance(run: Run, due: Due, noise: float) -> bool:
    """The sensor's own noise would have ended the run."""
    in_use = due.days >= IN_USE_DAYS and due.percent >= IN_USE_NOISE * noise
    rare = run.count * math.log(run.stay) <= math.log(CHANCE_IN_USE if in_use else CHANCE)
    return rare and run.count >= FACTOR * run.longest


def _nothing_drawn(state: StuckState, run: Run, due: Due, at: float, use: Use | None) -> bool:
    """The household should have drawn a multiple of what the run can hide, and does not seem to be away."""
    hidden = HIDDEN * (run.high - run.low + state.grain)
    if due.percent < hidden or due.days < AMID_DAYS or use is None or not state.days:
        return False
    if state.echo_at >= run.since and use(state.echo_at, at).days < ECHO_DAYS:
        return False
    if run.high > run.low:
        return state.grain <= FLICKER_GRAIN and due.days >= FLICKER_DAYS
    return due.first_day >= hidden or due.days >= AWAY_DAYS


def day_passed(state: StuckState) -> None:
    """What was long ago says less."""
    for run in (state.equal, state.like):
        run.longest = max(0.98 * run.longest, 4.0)


def day_closed(state: StuckState, steps: NDArray[np.float64], *, grain: float) -> None:
    """Learn from one day's steps between readings at rest, and the least step it shows (percent).

    Only what did not fall counts: draws are no noise.
    """
    state.days += 1
    state.grain = min(state.grain or 1.0, grain)
    width = max(state.grain, LIKE_PERCENT)
    rises = steps[steps > SAME]
    still = float((np.abs(steps) <= SAME).sum())
    total = still + 2 * len(rises)
    if not total:
        return
    equal = state.equal.learn(still / total, MOST_EQUAL)
    alike = state.like.learn((still + 2 * float((rises <= width + SAME).sum())) / total, MOST_LIKE)
    normal = NormalDist()
    # In cells of width w two readings with noise σ differ with a chance of about 1.128 σ/w; in the middle of
    # a cell, where a level rests the longest, a reading stays inside it with 2Φ(w/2σ) - 1.
    state.equal.stay = min(2 * normal.cdf(0.564 / (1 - equal)) - 1, 1 - 1e-9)
    # Two readings differ by less than w, and half a count, with 2Φ(x / √2σ) - 1.
    sigma = (width + state.grain / 2) / (math.sqrt(2) * normal.inv_cdf((1 + alike) / 2))
    state.like.stay = min(2 * normal.cdf((width + state.grain) / (2 * sigma)) - 1, 1 - 1e-9)
