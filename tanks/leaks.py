"""Leaks: a continuous loss beyond use, seen in the quiet of the night and pooled over nights.

Each night gives one loss rate: a straight line through the quiet hours' levels, with the visible draws (a
toilet is a step) fitted and left out. What a household loses at night without a leak, its own drops and the
sensor's daily temperature wave, is its baseline, learned robustly from its nights; it grows with the day's
use when there are guests. A leak is a rise over that baseline too steady and too large for chance: a large
one shows in a single night, small ones over several. Rates are litres a day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tanks.detectors.alerts import Severity, Signal

Array = NDArray[np.float64]

NIGHT_FROM, NIGHT_TO = 0.0, 5.5  # local hours
FEWEST_READINGS, SHORTEST_HOURS = 5, 3.0
STEP_SCORE = 11.0  # squared standard errors that a step must explain to count as a draw
MOST_STEPS = 8
NIGHTS_KEPT = 28
PRIOR_RATE, PRIOR_SD, PRIOR_NIGHTS = 12.0, 25.0, 2.0
SMALLEST = 10.0
WINDOWS = ((1, 6.5), (2, 5.5), (3, 5.0), (4, 4.7), (5, 4.4), (7, 4.2))
LARGE_SHARE = 0.025  # of capacity a day
STEADY = 0.4  # each night of a leak shows at least this part of it
CLEAN_NIGHTS = 2
CLEAN_SHARE = 0.4


@dataclass(frozen=True, slots=True)
class Night:
    """One night: date, loss, variance of the loss, and the day's use relative to usual (1 = usual)."""

    ordinal: int
    rate: float
    variance: float
    activity: float


@dataclass(slots=True)
class LeakState:
    """Past nights, bounded; `rate` and `since` (ordinal) of an open leak, and clean nights in a row."""

    nights: list[Night] = field(default_factory=list)
    rate: float | None = None
    since: int = 0
    clean: int = 0

    def to_dict(self) -> dict[str, Any]:
        document = asdict(self)
        document["nights"] = [[n.ordinal, n.rate, n.variance, n.activity] for n in self.nights]
        return document

    @classmethod
    def from_dict(cls, document: dict[str, Any] | None) -> LeakState:
        if not document:
            return cls()
        nights = [Night(int(o), float(r), float(v), float(a)) for o, r, v, a in document["nights"]]
        return cls(nights, document["rate"], int(document["since"]), int(document["clean"]))


def night_loss(hours: Array, litres: Array, *, noise_litres: float) -> tuple[float, float] | None:
    """Loss rate (litres a day) and its variance from one night's readings; None if there are too few."""
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
    inverse = np.linalg.pinv(columns.T @ columns)
    coefficients = inverse @ columns.T @ litres
    residual = litres - columns @ coefficients
    spread = max(noise**2, float(residual @ residual) / max(count - columns.shape[1], 1))
    return -24 * float(coefficients[1]), 576 * float(inverse[1, 1]) * spread


def night_closed(state: LeakState, night: Night, *, capacity: float, at: float) -> Signal | None:
    """Take in one night and judge; the state is changed. `at`: seconds, the end of the night."""
    state.nights = [*(kept for kept in state.nights if kept.ordinal != night.ordinal), night][-NIGHTS_KEPT:]
    if state.rate is not None:
        return _still_leaking(state, night, at=at)
    for count, limit in WINDOWS:
        found = _excess(state.nights, count)
        if found is None:
            continue
        excess, score, base, steady = found
        share = excess / capacity
        if score < limit or excess < max(SMALLEST, 0.15 * base) or not steady:
            continue
        if count == 1 and share < LARGE_SHARE:
            continue
        state.rate, state.since, state.clean = excess, state.nights[-count].ordinal, 0
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


def _still_leaking(state: LeakState, night: Night, *, at: float) -> Signal | None:
    """Close after clean nights: the loss is back near the baseline from before the leak."""
    before = [kept for kept in state.nights if kept.ordinal < state.since]
    base = _baseline(before)[0]
    rate = state.rate or 0.0
    clean = night.rate - base * max(night.activity, 1.0) < CLEAN_SHARE * rate + np.sqrt(night.variance)
    state.clean = state.clean + 1 if clean else 0
    if state.clean < CLEAN_NIGHTS:
        return None
    state.rate, state.clean = None, 0
    return Signal("leak", False)


def _excess(nights: Sequence[Night], count: int) -> tuple[float, float, float, bool] | None:
    """Loss over the baseline in the last `count` nights: litres a day, z-score, baseline, seen each night?"""
    if len(nights) < count:
        return None
    recent, before = nights[-count:], nights[:-count]
    if recent[-1].ordinal - recent[0].ordinal > count + 2:
        return None
    base, spread, base_variance = _baseline(before)
    rates = np.array([night.rate - base * max(night.activity, 1.0) for night in recent])
    variances = np.array([n.variance + (spread * max(n.activity, 1.0)) ** 2 for n in recent])
    weights = 1 / variances
    excess = float(rates @ weights / weights.sum())
    score = excess / float(np.sqrt(1 / weights.sum() + base_variance))
    steady = int((rates > STEADY * excess).sum()) >= count - count // 4
    return excess, score, base, steady


def _baseline(nights: Sequence[Night]) -> tuple[float, float, float]:
    """Usual loss without a leak, its spread from night to night, and the variance of the estimate."""
    if not nights:
        return PRIOR_RATE, PRIOR_SD, PRIOR_SD**2
    rates = np.array([night.rate / max(night.activity, 1.0) for night in nights])
    noise = np.array([night.variance for night in nights])
    middle = float(np.median(rates))
    clipped = np.clip(rates - middle, -150, 150)
    seen = float(np.median(np.abs(clipped))) * 1.4826
    robust = np.clip(clipped, -2.5 * max(seen, 1.0), 2.5 * max(seen, 1.0))
    count = len(rates)
    total = (float((robust**2).sum()) * 1.15 + PRIOR_NIGHTS * PRIOR_SD**2) / (count + PRIOR_NIGHTS)
    spread = float(np.sqrt(max(total - float(np.median(noise)), 0.15 * total)))
    variance = (total + 1e-9) / count
    base = middle + float(robust.mean())
    shrink = PRIOR_SD**2 / (PRIOR_SD**2 + variance)
    return shrink * base + (1 - shrink) * PRIOR_RATE, spread, shrink * variance * 1.2
