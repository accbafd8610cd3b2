"""Leaks: a continuous loss beyond use, seen in the quiet of the night and pooled over nights.

Each night gives one loss rate as a whole, precise, and one for each of its parts, harder to deceive: a
straight line through the levels, with the visible draws (a toilet is a step) fitted and left out. Draws can
only add to a rate, and add to some; a leak adds to all: so nights are compared by the mean of the lower half
of their rates. What a household shows there without a leak (small drops, the sensor's daily temperature wave)
is its baseline, resampled from its own earlier nights; it grows with the day's use when there are guests, and
nights away are compared with nights away. A large leak shows in a night or two, a small one over a week.
Rates are litres a day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tanks.detectors.alerts import Severity, Signal

Array = NDArray[np.float64]

NIGHT_FROM, NIGHT_TO = 0.0, 5.5  # local hours
PARTS = 2
FEWEST_READINGS = 4
SHORTEST_HOURS = 1.8
STEP_SCORE = 11.0  # squared standard errors that a step must explain to count as a draw
MOST_STEPS = 8
NIGHTS_KEPT = 28
DRY_SHARE = 0.01  # of capacity: an empty tank loses nothing
AWAY = 0.15  # of the usual use: nobody is at home
USE_SHARE, USE_SPREAD = 0.12, 0.12  # of the daily use: what is lost at night, before the home is known
DRIFT_SPREAD = 0.003  # of capacity a day: what a temperature wave may look like
GUESSES = 5  # their weight, in rates
SAMPLES = 400
NEVER = 99.0  # a night alone must show the loss in every part
SMALLEST, SMALLEST_SHARE = 10.0, 0.25  # litres a day, and of the baseline: no less is called a leak
# nights, and the standard deviations that their rates as a whole and of their parts must exceed
WINDOWS = (
    (1, NEVER, 4.9),
    (2, 4.6, 3.6),
    (3, 4.5, 3.7),
    (4, 4.2, 3.8),
    (5, 4.1, 3.9),
    (6, 4.1, 3.9),
    (7, 4.0, 3.85),
)
LARGE_SHARE = 0.025  # of capacity a day
CLEAN_NIGHTS = 2
CLEAN_SHARE = 0.4


@dataclass(frozen=True, slots=True)
class Rates:
    """Loss rates of one night, or of its parts, and the standard error of one of them."""

    values: tuple[float, ...]
    error: float


@dataclass(frozen=True, slots=True)
class Night:
    """One night: date, the loss of the whole and of its parts, and the day's use (1 = usual)."""

    ordinal: int
    whole: Rates
    parts: Rates
    activity: float

    @property
    def away(self) -> bool:
        return self.activity < AWAY


@dataclass(slots=True)
class LeakState:
    """Past nights, bounded; of an open leak its `rate`, since when (ordinal), and clean nights in a row."""

    nights: list[Night] = field(default_factory=list)
    rate: float | None = None
    base: float = 0.0
    since: int = 0
    clean: int = 0

    def to_dict(self) -> dict[str, Any]:
        nights = [
            [n.ordinal, list(n.whole.values), n.whole.error, list(n.parts.values), n.parts.error, n.activity]
            for n in self.nights
        ]
        return {
            "nights": nights,
            "rate": self.rate,
            "base": self.base,
            "since": self.since,
            "clean": self.clean,
        }

    @classmethod
    def from_dict(cls, document: dict[str, Any] | None) -> LeakState:
        if not document:
            return cls()
        nights = [
            Night(int(o), Rates(tuple(w), float(we)), Rates(tuple(p), float(pe)), float(a))
            for o, w, we, p, pe, a in document["nights"]
        ]
        return cls(nights, document["rate"], document["base"], document["since"], document["clean"])


def night_rates(hours: Array, litres: Array, *, noise_litres: float, parts: int) -> Rates:
    """Loss rates of so many equal parts of a night; a part with too few readings is left out."""
    found = []
    for start, stop in pairwise(np.linspace(NIGHT_FROM, NIGHT_TO, parts + 1)):
        inside = (hours >= start) & (hours < stop + 1e-9)
        loss = part_loss(hours[inside], litres[inside], noise_litres=noise_litres)
        if loss is not None:
            found.append(loss)
    error = float(np.mean([error for _, error in found])) if found else 0.0
    return Rates(tuple(rate for rate, _ in found), error)


def part_loss(hours: Array, litres: Array, *, noise_litres: float) -> tuple[float, float] | None:
    """Loss rate of quiet readings, visible draws left out, and its error (litres a day); None if too few."""
    if len(hours) < FEWEST_READINGS or hours[-1] - hours[0] < SHORTEST_HOURS:
        return None
    noise = max(noise_litres, 1e-3)
    count = len(hours)
    columns = np.stack([np.ones(count), hours - hours.mean()], axis=1)
    steps = np.tril(np.ones((count, count)))[:, 1:]
    steps = steps[:, 1:-1] if count > 6 else steps
    for _ in range(min(MOST_STEPS, count // 4)):
        basis, _ = np.linalg.qr(columns)
        residual = litres - basis @ (basis.T @ litres)
        free = steps - basis @ (basis.T @ steps)
        size = (free**2).sum(axis=0)
        fall = -(free.T @ residual)
        score = np.where((size > 1e-6) & (fall > 0), fall**2 / np.maximum(size, 1e-6), 0.0)
        best = int(np.argmax(score)) if len(score) else 0
        if not len(score) or score[best] < STEP_SCORE * noise**2:
            break
        columns = np.concatenate([columns, steps[:, best : best + 1]], axis=1)
    coefficients = np.linalg.lstsq(columns, litres, rcond=None)[0]
    error = 24 * noise / float(np.sqrt((columns[:, 1] ** 2).sum()))
    # water does not rise at night: a rising line is noise, or made by the steps beside it
    return max(-24 * float(coefficients[1]), -error), error


def night_closed(
    state: LeakState, night: Night, *, capacity: float, daily_litres: float, at: float
) -> Signal | None:
    """Take in one night and judge; the state is changed. `at`: seconds, the end of the night."""
    if not night.whole.values:
        return None
    state.nights = [*(kept for kept in state.nights if kept.ordinal != night.ordinal), night][-NIGHTS_KEPT:]
    if state.rate is not None:
        return _still_leaking(state, night)
    for count, *limits in WINDOWS:
        found = _excess(state.nights, count, limits, capacity=capacity, daily_litres=daily_litres)
        if found is None:
            continue
        excess, score, base = found
        share = excess / capacity
        if excess < max(SMALLEST, SMALLEST_SHARE * base):
            continue
        if count == 1 and (share < LARGE_SHARE or len(night.parts.values) < PARTS):
            continue
        state.rate, state.base, state.clean = excess, base, 0
        state.since = state.nights[-count].ordinal
        severity: Severity = "critical" if share >= LARGE_SHARE else "warning" if share >= 0.01 else "info"
        evidence = {
            "litersPerDay": round(excess, 1),
            "baselineLitersPerDay": round(base, 1),
            "nights": count,
            "score": round(score, 2),
            "from": at - (count + 7) * 86400.0,
            "to": at,
        }
        return Signal("leak", True, severity, evidence)
    return None


def _still_leaking(state: LeakState, night: Night) -> Signal | None:
    """Close after clean nights: the lower half is back near the baseline from before the leak."""
    loss = _lower_mean(np.array([night.whole.values]))[0]
    clean = loss < state.base * max(night.activity, 1.0) + CLEAN_SHARE * (state.rate or 0.0)
    state.clean = state.clean + 1 if clean else 0
    if state.clean < CLEAN_NIGHTS:
        return None
    # nights of the leak must not become the baseline of the next one
    state.nights = [kept for kept in state.nights if kept.ordinal < state.since] + state.nights[
        -state.clean :
    ]
    state.rate, state.clean = None, 0
    return Signal("leak", False)


def _excess(
    nights: Sequence[Night], count: int, limits: Sequence[float], *, capacity: float, daily_litres: float
) -> tuple[float, float, float] | None:
    """Loss over the baseline in the last `count` nights: litres a day, standard deviations, baseline.

    None unless the score of the whole nights or of their parts exceeds its limit.
    """
    recent, before = nights[-count:], nights[:-count]
    if len(recent) < count or recent[-1].ordinal - recent[0].ordinal > count + 2:
        return None
    # the night somebody comes home looks like one away, by the day before it: it must not stand alone
    away = all(night.away for night in recent)
    if away and count == 1:
        return None
    busy = max(float(np.mean([night.activity for night in recent])), 1.0)
    like = [night for night in before if night.away == away]
    middle = 0.0 if away else USE_SHARE * daily_litres
    wide = DRIFT_SPREAD * capacity + (0.0 if away else USE_SPREAD * daily_litres)
    kinds = (lambda night: night.whole), (lambda night: night.parts)
    found = []
    for rates_of, limit in zip(kinds, limits, strict=True):
        judged = _compare([rates_of(n) for n in recent], [rates_of(n) for n in like], busy, middle, wide)
        if judged and judged[1] > limit:
            found.append(judged)
    return max(found, key=lambda judged: judged[1], default=None)


def _compare(
    recent: Sequence[Rates], like: Sequence[Rates], busy: float, middle: float, wide: float
) -> tuple[float, float, float] | None:
    """The same for one kind of rates; `middle` and `wide` guess what is usual until enough is known."""
    rates = np.array([value for night in recent for value in night.values])
    if not len(rates):
        return None
    known = [value for night in like for value in night.values]
    if len(known) >= 6:
        middle, wide = float(np.median(known)), min(wide, 1.5 * float(np.std(known)) + 1e-6)
    usual = np.concatenate([known, middle + wide * np.linspace(-1.3, 1.3, GUESSES)])
    expected = _lower_mean(usual[_picks(len(usual), len(rates))])
    base, chance = float(expected.mean()), float(expected.std())
    error = float(np.mean([night.error for night in recent])) / float(np.sqrt(0.5 * len(rates) + 0.5))
    doubt = busy * (1 + len(rates) / max(len(known), 1))
    spread = float(np.hypot(np.sqrt(doubt) * chance, error))
    base += (busy - 1) * max(base, 0.0)
    loss = float(_lower_mean(rates[None, :])[0])
    return loss - base, (loss - base) / max(spread, 1e-6), base


def _lower_mean(parts: Array) -> Array:
    """Mean of the lower half of each row."""
    half = (parts.shape[1] + 1) // 2
    lower: Array = np.partition(parts, half - 1, axis=1)[:, :half].mean(axis=1)
    return lower


@cache
def _picks(available: int, size: int) -> NDArray[np.int64]:
    """Fixed resampling: SAMPLES rows of `size` indices below `available`."""
    return np.random.default_rng(available * 100 + size).integers(0, available, (SAMPLES, size))
