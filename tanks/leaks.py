"""Leaks: a continuous loss beyond use, seen where the household rests and pooled over nights.

Each night is measured in two ways (`tanks.nights`). What each shows without a leak (small drops, the sensor's
noise and its daily temperature wave) is the home's baseline, the median of its own earlier nights, and a leak
must stand out from both, by the home's own spread. With guests the night's use grows with the day's, and so does
what is allowed. A large leak shows in a night, a small one over a week.
Rates are litres a day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import Any

from tanks.detectors.alerts import Severity, Signal
from tanks.nights import Loss

QUIET_BIAS = -1.3  # the gentlest of many noisy slopes, in standard errors of one
NIGHTS_KEPT = 35
DRY_SHARE = 0.01  # of capacity: an empty tank loses nothing
NOISE_SPREAD, USE_SPREAD = 0.8, 0.1  # between nights: of a slope's error and of the daily use, at first
GUESS_NIGHTS = 3.0  # the weight of that guess
LEAST_SPREAD = 0.15  # of a slope's error
LEAST_SCORE = 1.5  # standard deviations by which each way alone must show the loss
GUESTS = 0.5  # so much more use than usual is ordinary
DRAWN_SHARE = 0.8  # of the loss must be found in what the day drew
EARLY_NIGHTS, EARLY_LIMIT = 7, 1.5  # until so many nights are known, the score must be up to so much higher
AWAY = 0.15  # of the usual use: nobody is at home
SMALLEST, SMALLEST_SHARE = 10.0, 0.25  # litres a day, and of the baseline: no less is called a leak
# nights, the joint score of both ways (standard deviations), and the least loss (of capacity a day)
WINDOWS = ((1, 4.2, 0.018), (2, 4.9, 0.01), (3, 5.2, 0.0), (5, 5.0, 0.0), (7, 4.8, 0.0))
LARGE_SHARE = 0.025  # of capacity a day
CLEAN_NIGHTS = 2
CLEAN_SHARE = 0.4


@dataclass(frozen=True, slots=True)
class Night:
    """One night: date, its loss measured in two ways (None: could not be), and the day's use (1 = usual)."""

    ordinal: int
    line: Loss | None
    quiet: Loss | None
    use: float


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
            [n.ordinal, *(x for loss in (n.line, n.quiet) for x in _plain(loss)), n.use] for n in self.nights
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
            Night(int(o), _loss(line, line_error), _loss(quiet, quiet_error), float(use))
            for o, line, line_error, quiet, quiet_error, use in document["nights"]
        ]
        return cls(nights, document["rate"], document["base"], document["since"], document["clean"])


def _plain(loss: Loss | None) -> tuple[float | None, float | None]:
    return (loss.rate, loss.error) if loss else (None, None)


def _loss(rate: float | None, error: float | None) -> Loss | None:
    return Loss(float(rate), float(error)) if rate is not None and error is not None else None


def night_closed(
    state: LeakState, night: Night, *, capacity: float, daily_litres: float, at: float
) -> Signal | None:
    """Take in one night and judge; the state is changed. `at`: seconds, the end of the night."""
    if night.line is None and night.quiet is None:
        return None
    state.nights = [*(kept for kept in state.nights if kept.ordinal != night.ordinal), night][-NIGHTS_KEPT:]
    if state.rate is not None:
        return _still_leaking(state, night)
    for count, limit, share in WINDOWS:
        found = _excess(state.nights, count, daily_litres=daily_litres)
        if found is None:
            continue
        excess, score, base = found
        if score < limit or excess < max(SMALLEST, SMALLEST_SHARE * base, share * capacity):
            continue
        state.rate, state.base, state.clean = excess, base, 0
        state.since = state.nights[-count].ordinal
        part = excess / capacity
        severity: Severity = "critical" if part >= LARGE_SHARE else "warning" if part >= 0.01 else "info"
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
    """Close after clean nights: the night's line is back near the baseline from before the leak."""
    if night.line is None:
        return None
    clean = night.line.rate < state.base * max(night.use, 1.0) + CLEAN_SHARE * (state.rate or 0.0)
    state.clean = state.clean + 1 if clean else 0
    if state.clean < CLEAN_NIGHTS:
        return None
    # nights of the leak must not become the baseline of the next one
    before = [kept for kept in state.nights if kept.ordinal < state.since]
    state.nights = before + state.nights[-state.clean :]
    state.rate, state.clean = None, 0
    return Signal("leak", False)


def _excess(nights: Sequence[Night], count: int, *, daily_litres: float) -> tuple[float, float, float] | None:
    """Loss over the baseline in the last `count` nights: litres a day, joint score, baseline.

    None where one of the two ways cannot tell, or does not show it, or the day's use speaks against it.
    """
    recent, before = nights[-count:], nights[:-count]
    if (
        len(recent) < count
        or recent[-1].ordinal - recent[0].ordinal > count + 2
        or len(before) < min(count, 3)
    ):
        return None
    away = all(night.use < AWAY for night in recent)
    # the night somebody comes home looks like one away, by the day before it: it must not stand alone
    if away and count == 1:
        return None
    alike = [night for night in before if (night.use < AWAY) == away]
    if len(alike) < count:
        alike = list(before)
    line = _compare([n.line for n in recent], [n.line for n in alike], daily_litres=daily_litres, bias=0.0)
    quiet = _compare(
        [n.quiet for n in recent], [n.quiet for n in alike], daily_litres=daily_litres, bias=QUIET_BIAS
    )
    if line is None or quiet is None:
        return None
    use = sum(night.use for night in recent) / count
    rough = max(min(line.mean - line.base, quiet.mean - quiet.base), 0.0) / daily_litres
    busy = max(min(use, max(use - rough, 1.0)) - GUESTS, 1.0)
    excesses = [way.mean - way.base * (busy if way.base > 0 else 1.0) for way in (line, quiet)]
    scores = [excess / (way.spread * busy) for excess, way in zip(excesses, (line, quiet), strict=True)]
    least = min(excesses)
    if min(scores) < LEAST_SCORE or use < DRAWN_SHARE * least / daily_litres:
        return None
    early = EARLY_LIMIT * max(1 - len(before) / EARLY_NIGHTS, 0.0)
    return least, sum(scores) / sqrt(2) - early, max(line.base, 0.0)


@dataclass(frozen=True, slots=True)
class Compared:
    """Mean loss of recent nights, the baseline, and the spread to expect between them."""

    mean: float
    base: float
    spread: float


def _compare(
    recent: Sequence[Loss | None], alike: Sequence[Loss | None], *, daily_litres: float, bias: float
) -> Compared | None:
    """One way of measuring; what is usual is guessed from the errors until enough is known."""
    now = [loss for loss in recent if loss]
    if len(now) < 0.7 * len(recent):
        return None
    error = sum(loss.error for loss in now) / len(now)
    known = sorted(loss.rate for loss in alike if loss)
    base = bias * error
    variance = (NOISE_SPREAD * error) ** 2 + (USE_SPREAD * daily_litres) ** 2
    if len(known) >= 2:
        trust = len(known) / (len(known) + GUESS_NIGHTS)
        middle, high, higher = (_quantile(known, share) for share in (0.5, 0.84, 0.95))
        above = max(high - middle, (higher - middle) / 1.645)
        base = trust * middle + (1 - trust) * base
        variance = trust * above**2 + (1 - trust) * variance
    spread = sqrt(variance + (LEAST_SPREAD * error) ** 2) + 1e-6
    mean = sum(max(loss.rate, base - 3 * spread) for loss in now) / len(now)
    return Compared(mean, base, spread * sqrt(1 / len(now) + 1 / (len(known) + 1.5)))


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Of values in order, linear between them (numpy's takes longer than all the rest for so few)."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])
