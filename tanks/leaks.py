"""Leaks: a continuous loss beyond use, seen where the household rests and pooled over nights.

Each night is measured in two ways (`tanks.nights`). What each shows without a leak (small drops, the sensor's
noise and its daily temperature wave) is the home's baseline, the median of its own earlier nights, and a leak
must stand out from both, by the home's own spread. It loses alike every night: a single bad night cannot make
many look bad. Guests draw more at night as by day, so what is allowed grows with the day's use, and one night
alone is judged only when its own day has shown whether they are there. A large leak shows in a night, a small
one over a week. Rates are litres a day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import inf, sqrt
from typing import Any

from tanks.detectors.alerts import Severity, Signal
from tanks.nights import Loss

QUIET_BIAS = -1.2  # the gentlest of many noisy slopes, in standard errors of one
NIGHTS_KEPT = 35
DRY_SHARE = 0.01  # of capacity: an empty tank loses nothing
NOISE_SPREAD, USE_SPREAD = 0.8, 0.1  # between nights: of a slope's error and of the daily use, at first
GUESS_NIGHTS = 3.0  # the weight of that guess
LEAST_SPREAD = 0.15  # of a slope's error
LEAST_SCORE = 1.5  # standard deviations by which each way alone must show the loss
OWN_SHARE = 0.5  # of the loss, that the day's use is believed to hold
DRAWN_SHARE = 0.8  # of the loss must be found in what the day drew
FEWEST_BEFORE = 3  # nights of the same kind that make a baseline
FEW_NIGHTS = 2.2  # a spread known from so few nights that the limits must be doubled
AWAY_SHARE, AWAY_LITERS = 0.15, 15.0  # of the usual use, and litres a day: nobody is at home
SMALLEST, SMALLEST_SHARE = 10.0, 0.25  # litres a day, and of the baseline: no less is called a leak
# nights, the joint score of both ways (standard deviations), and the least loss (of capacity a day)
BEYOND_GUESTS = (1, 14.0, 0.03)  # one night so far out that its day need not be waited for
ONE_NIGHT = (1, 5.0, 0.018)
WINDOWS = ((2, 5.0, 0.01), (3, 5.6, 0.0), (5, 5.4, 0.0), (7, 5.2, 0.0))
SPARSE_SECONDS, SPARSE_POWER = 900.0, 0.3  # readings further apart hide draws: the limits rise by so much
LARGE_SHARE = 0.025  # of capacity a day
STILL_SHARE, STILL_BIAS = 0.5, 1.3  # of one night's loss, that the stillest hours of its day must show too
CLEAN_NIGHTS = 2
CLEAN_SHARE = 0.4


@dataclass(frozen=True, slots=True)
class Night:
    """One night: date, its loss measured in two ways (None: could not be), and what its day drew.

    `drawn`: litres of the calendar day that began with this night; None while it is not known.
    """

    ordinal: int
    line: Loss | None
    quiet: Loss | None
    drawn: float | None = None


@dataclass(frozen=True, slots=True)
class Home:
    """What a loss is measured against: litres of the tank, litres of a usual day, seconds between readings."""

    capacity: float
    daily_litres: float
    interval: float


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
            [n.ordinal, *(x for loss in (n.line, n.quiet) for x in _plain(loss)), n.drawn]
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
            Night(int(o), _loss(line, line_error), _loss(quiet, quiet_error), drawn)
            for o, line, line_error, quiet, quiet_error, drawn in document["nights"]
        ]
        return cls(nights, document["rate"], document["base"], document["since"], document["clean"])


def _plain(loss: Loss | None) -> tuple[float | None, float | None]:
    return (loss.rate, loss.error) if loss else (None, None)


def _loss(rate: float | None, error: float | None) -> Loss | None:
    return Loss(float(rate), float(error)) if rate is not None and error is not None else None


def day_closed(state: LeakState, *, ordinal: int, drawn: float) -> None:
    """A day's use is settled: its night is known with it."""
    state.nights = [replace(n, drawn=drawn) if n.ordinal == ordinal else n for n in state.nights]


def night_closed(state: LeakState, night: Night, home: Home, *, at: float) -> Signal | None:
    """Take in one night at its end and judge it with those before; the state is changed. `at`: seconds."""
    if night.line is None and night.quiet is None:
        return None
    state.nights = [*(kept for kept in state.nights if kept.ordinal != night.ordinal), night][-NIGHTS_KEPT:]
    if state.rate is not None:
        return _still_leaking(state, night, daily_litres=home.daily_litres)
    return _judge(state, (BEYOND_GUESTS, *WINDOWS), home, at=at)


def day_seen(state: LeakState, seen: Night, home: Home, *, stillest: Loss | None, at: float) -> Signal | None:
    """Judge the last night once more, alone too, in the light of its own day.

    `seen.quiet`: of the hours since midnight; `seen.drawn`: what the day draws by its first hours; `stillest`:
    the gentlest two of these hours. A day that shows too little of them says nothing.
    """
    if state.rate is not None or not state.nights or state.nights[-1].ordinal != seen.ordinal:
        return None
    if seen.quiet is None or seen.drawn is None or stillest is None:
        return None
    state.nights[-1] = replace(state.nights[-1], quiet=seen.quiet, drawn=seen.drawn)
    most = (stillest.rate + STILL_BIAS * stillest.error) / STILL_SHARE
    return _judge(state, (ONE_NIGHT, *WINDOWS), home, at=at, most_alone=most)


def _judge(
    state: LeakState,
    windows: Sequence[tuple[int, float, float]],
    home: Home,
    *,
    at: float,
    most_alone: float = inf,
) -> Signal | None:
    """`most_alone`: litres a day that one night alone can be believed to have lost."""
    sparse = max(home.interval / SPARSE_SECONDS, 1.0) ** SPARSE_POWER
    for count, limit, share in windows:
        found = _excess(state.nights, count, daily_litres=home.daily_litres)
        if found is None or found.score < sparse * limit * (1 + FEW_NIGHTS / found.known):
            continue
        if count == 1 and found.litres > most_alone:
            continue
        if found.litres < max(SMALLEST, SMALLEST_SHARE * found.base, share * home.capacity):
            continue
        state.rate, state.base, state.clean = found.litres, found.base, 0
        state.since = state.nights[-count].ordinal
        part = found.litres / home.capacity
        severity: Severity = "critical" if part >= LARGE_SHARE else "warning" if part >= 0.01 else "info"
        evidence = {
            "litersPerDay": round(found.litres, 1),
            "baselineLitersPerDay": round(found.base, 1),
            "nights": count,
            "score": round(found.score, 2),
            "from": at - (count + 7) * 86400.0,
            "to": at,
        }
        return Signal("leak", True, severity, evidence)
    return None


def _still_leaking(state: LeakState, night: Night, *, daily_litres: float) -> Signal | None:
    """Close after clean nights: the night's line is back near the baseline from before the leak."""
    if night.line is None:
        return None
    drawn = next((n.drawn for n in reversed(state.nights[:-1]) if n.drawn is not None), daily_litres)
    clean = night.line.rate < state.base * max(drawn / daily_litres, 1.0) + CLEAN_SHARE * (state.rate or 0.0)
    state.clean = state.clean + 1 if clean else 0
    if state.clean < CLEAN_NIGHTS:
        return None
    # nights of the leak must not become the baseline of the next one
    before = [kept for kept in state.nights if kept.ordinal < state.since]
    state.nights = before + state.nights[-state.clean :]
    state.rate, state.clean = None, 0
    return Signal("leak", False)


@dataclass(frozen=True, slots=True)
class Excess:
    """A loss over the baseline: litres a day, the joint score of both ways, and the baseline's nights."""

    litres: float
    score: float
    base: float
    known: int


def _excess(nights: Sequence[Night], count: int, *, daily_litres: float) -> Excess | None:
    """Loss over the baseline in the last `count` nights.

    None where one of the two ways cannot tell, or does not show it, or the day's use speaks against it.
    """
    recent, before = nights[-count:], nights[:-count]
    if len(recent) < count or recent[-1].ordinal - recent[0].ordinal > count + 2:
        return None
    least_use = max(AWAY_SHARE * daily_litres, AWAY_LITERS)
    yesterday = before[-1].drawn if before else None
    away = all(_drawn(night, yesterday, daily_litres) < least_use for night in recent)
    # the night somebody comes home looks like one away until its day is over: it must not stand alone
    if away and count == 1:
        return None
    alike = [night for night in before if (_drawn(night, None, daily_litres) < least_use) == away]
    if len(alike) < FEWEST_BEFORE:
        return None
    more = [max(_drawn(night, None, daily_litres) / daily_litres, 1.0) for night in alike]
    lines = _way([n.line for n in recent], [n.line for n in alike], more, daily_litres, bias=0.0)
    quiets = _way([n.quiet for n in recent], [n.quiet for n in alike], more, daily_litres, bias=QUIET_BIAS)
    if lines is None or quiets is None:
        return None
    latest = next((n.drawn for n in reversed(nights) if n.drawn is not None), daily_litres)
    uses = [_drawn(night, max(latest, daily_litres), daily_litres) / daily_litres for night in recent]
    # the leak itself adds to the day's use: a part of it is no guest
    own = OWN_SHARE * max(min(lines.above(), quiets.above()), 0.0) / daily_litres
    busy = [max(min(use, max(use - own, 1.0)), 1.0) for use in uses]
    found = [lines.loss(busy), quiets.loss(busy)]
    scores = [loss / spread for loss, spread in found]
    least = min(loss for loss, _ in found)
    seen = [night.drawn for night in recent if night.drawn is not None]
    if min(scores) < LEAST_SCORE or (seen and sum(seen) / len(seen) < DRAWN_SHARE * least):
        return None
    return Excess(least, sum(scores) / sqrt(2), max(lines.base, 0.0), len(alike))


def _drawn(night: Night, otherwise: float | None, usual: float) -> float:
    if night.drawn is not None:
        return night.drawn
    return usual if otherwise is None else otherwise


@dataclass(frozen=True, slots=True)
class Way:
    """One way of measuring the recent nights: their rates, the home's baseline and the spread of a night."""

    rates: Sequence[float | None]
    base: float
    spread: float
    known: int

    def above(self) -> float:
        seen = [rate for rate in self.rates if rate is not None]
        return sum(seen) / len(seen) - self.base

    def loss(self, busy: Sequence[float]) -> tuple[float, float]:
        """Litres a day over the baseline, and their standard deviation. `busy`: what guests make of each night."""
        seen = [(rate, more) for rate, more in zip(self.rates, busy, strict=True) if rate is not None]
        over = [
            (max(rate - self.base * (more if self.base > 0 else 1.0), -3 * self.spread * more), more)
            for rate, more in seen
        ]
        ordered = sorted(loss for loss, _ in over)
        middle = _quantile(ordered, 0.5) if len(ordered) > 2 else ordered[0]
        mean = sum(min(loss, middle + self.spread * more) for loss, more in over) / len(over)
        spread = self.spread * sqrt(sum(more**2 for _, more in over) / len(over))
        return mean, spread * sqrt(1 / len(over) + 1 / (self.known + 1.5))


def _way(
    recent: Sequence[Loss | None],
    alike: Sequence[Loss | None],
    busy: Sequence[float],
    daily_litres: float,
    *,
    bias: float,
) -> Way | None:
    """What is usual is guessed from the errors until enough is known; None if too few nights could be measured.

    `busy`: what guests made of each of the nights `alike`, in which the rates are seen relative to it.
    """
    now = [loss for loss in recent if loss]
    if len(now) < 0.7 * len(recent):
        return None
    error = sum(loss.error for loss in now) / len(now)
    known = sorted(loss.rate / more for loss, more in zip(alike, busy, strict=True) if loss)
    base = bias * error
    variance = (NOISE_SPREAD * error) ** 2 + (USE_SPREAD * daily_litres) ** 2
    if len(known) >= 2:
        trust = len(known) / (len(known) + GUESS_NIGHTS)
        middle, high, higher = (_quantile(known, share) for share in (0.5, 0.84, 0.95))
        above = max(high - middle, (higher - middle) / 1.645)
        base = trust * middle + (1 - trust) * base
        variance = trust * above**2 + (1 - trust) * variance
    spread = sqrt(variance + (LEAST_SPREAD * error) ** 2) + 1e-6
    return Way([loss.rate if loss else None for loss in recent], base, spread, len(known))


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Of values in order, linear between them (numpy's takes longer than all the rest for so few)."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])
