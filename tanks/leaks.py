"""Leaks: a continuous loss beyond use, seen where the household rests and pooled over nights.

A leak loses alike every night: a single bad night cannot make many look bad. One night alone is judged only when
its own day has shown who is there. A large leak shows in a night, a small one over a week; what each night shows
beyond what is usual is measured in `tanks.excess`. A loss that stops by itself within days was the household's
doing, and makes the next one harder to believe. Rates are litres a day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tanks.detectors.alerts import Severity, Signal
from tanks.excess import Night, excess
from tanks.steady import Loss

NIGHTS_KEPT = 35
DRY_SHARE = 0.01  # of capacity: an empty tank loses nothing
FEW_NIGHTS = 12.0  # a spread known from so few nights that the limits must be doubled
SMALLEST, SMALLEST_SHOWN = 15.0, 5.0  # litres a day: no less is called a leak, or shown by any way
# nights, the score of all ways together (standard deviations), and the least loss by each (of capacity a day)
BEYOND_GUESTS = (1, 14.0, 0.05)  # one night so far out that its day need not be waited for
NIGHT_SO_FAR = (1, 5.2, 0.028)  # a part of one, with the day before it
DAY_AND_NIGHT = (1, 4.3, 0.017)  # one, with the day before it
ONE_NIGHT = (1, 5.8, 0.024)  # with its own day
WINDOWS = ((2, 3.9, 0.016), (3, 4.4, 0.01), (5, 5.0, 0.0), (7, 3.4, 0.0), (10, 3.8, 0.0), (14, 3.4, 0.0))
DAY_DOUBT = 2.0  # standard errors, by which a day may seem to gain without a leak
LARGE_SHARE = 0.025  # of capacity a day
CLEAN_NIGHTS = 2
SHORTEST_LEAK = 8  # days from its first night to its second clean one
FORGIVEN_CARE, FORGIVEN_MEMORY = 0.5, 0.98  # for each shorter one limits rise by so much, fading by the night
CLEAN_SHARE = 0.4
GROWN, GROWN_SHARE = 2.5, 0.01  # of an open leak's rate, and of capacity a day
GROWN_NIGHTS = 2  # in a row


@dataclass(frozen=True, slots=True)
class Home:
    """What a loss is measured against: litres of the tank, and of a usual day."""

    capacity: float
    daily_litres: float


@dataclass(slots=True)
class LeakState:
    """Past nights, bounded; of an open leak its `rate`, since when (ordinal), and in a row clean nights and worse ones.

    `forgiven`: losses that were called leaks and stopped by themselves within days, fading.
    """

    nights: list[Night] = field(default_factory=list)
    rate: float | None = None
    base: float = 0.0
    since: int = 0
    clean: int = 0
    grown: int = 0
    forgiven: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        nights = [
            [n.ordinal, *(x for loss in (n.night, n.quiet, n.day) for x in _plain(loss)), n.drawn]
            for n in self.nights
        ]
        return {
            "nights": nights,
            "rate": self.rate,
            "base": self.base,
            "since": self.since,
            "clean": self.clean,
            "grown": self.grown,
            "forgiven": self.forgiven,
        }

    @classmethod
    def from_dict(cls, document: dict[str, Any] | None) -> LeakState:
        if not document:
            return cls()
        nights = [
            Night(int(o), _loss(*way[:2]), _loss(*way[2:4]), _loss(*way[4:]), drawn)
            for o, *way, drawn in document["nights"]
        ]
        kept = {name: document[name] for name in ("rate", "base", "since", "clean", "grown", "forgiven")}
        return cls(nights, **kept)


def _plain(loss: Loss | None) -> tuple[float | None, float | None]:
    return (loss.rate, loss.error) if loss else (None, None)


def _loss(rate: float | None, error: float | None) -> Loss | None:
    return Loss(float(rate), float(error)) if rate is not None and error is not None else None


def day_closed(state: LeakState, *, ordinal: int, drawn: float) -> None:
    """A day's use is settled: its night is known with it."""
    state.nights = [replace(n, drawn=drawn) if n.ordinal == ordinal else n for n in state.nights]


def worth_a_look(state: LeakState, home: Home) -> bool:
    """Whether the day before a night that has begun may have lost what it would have to show with it."""
    day = state.nights[-1].day if state.nights and state.rate is None else None
    return day is not None and day.rate + DAY_DOUBT * day.error > NIGHT_SO_FAR[2] * home.capacity


def night_begun(state: LeakState, begun: Night, home: Home, *, at: float) -> Signal | None:
    """Judge the first hours of a night `worth_a_look` with the day before; they are not kept. `at`: seconds."""
    return _judge_with_day_before(state, [*state.nights, begun], NIGHT_SO_FAR, home, at=at)


def night_closed(state: LeakState, night: Night, home: Home, *, at: float) -> Signal | None:
    """Take in one night at its end and judge it with those before; the state is changed. `at`: seconds."""
    if night.night is None and night.quiet is None:
        return None
    state.nights = [*(kept for kept in state.nights if kept.ordinal != night.ordinal), night][-NIGHTS_KEPT:]
    state.forgiven *= FORGIVEN_MEMORY
    if state.rate is not None:
        return _grown(state, night, home, at=at) or _still_leaking(state, night, home.daily_litres)
    return (
        _judge(state, state.nights, BEYOND_GUESTS, home, at=at)
        or _judge_with_day_before(state, state.nights, DAY_AND_NIGHT, home, at=at)
        or _judge_windows(state, home, at=at)
    )


def day_seen(state: LeakState, seen: Night, home: Home, *, at: float) -> Signal | None:
    """Judge the last night once more, alone too, in the light of its own day.

    `seen.day`: of the hours since midnight; `seen.drawn`: what the day draws by its first hours. A day that shows
    too little of them says nothing.
    """
    if state.rate is not None or not state.nights or state.nights[-1].ordinal != seen.ordinal:
        return None
    if seen.day is None or seen.drawn is None:
        return None
    state.nights[-1] = replace(state.nights[-1], day=seen.day, drawn=seen.drawn)
    alone = _judge(state, state.nights, ONE_NIGHT, home, at=at, whole_day=True)
    return alone or _judge_windows(state, home, at=at)


def _judge_with_day_before(
    state: LeakState, nights: Sequence[Night], window: tuple[int, float, float], home: Home, *, at: float
) -> Signal | None:
    """The last night alone, with the day before it instead of its own, which is to come."""
    if len(nights) < 2 or nights[-2].ordinal != nights[-1].ordinal - 1 or nights[-2].day is None:
        return None
    joined = [*nights[:-2], replace(nights[-1], day=nights[-2].day, drawn=nights[-2].drawn)]
    return _judge(state, joined, window, home, at=at, whole_day=True)


def _judge_windows(state: LeakState, home: Home, *, at: float) -> Signal | None:
    found = (_judge(state, state.nights, window, home, at=at) for window in WINDOWS)
    return next((signal for signal in found if signal), None)


def _judge(
    state: LeakState,
    nights: Sequence[Night],
    window: tuple[int, float, float],
    home: Home,
    *,
    at: float,
    whole_day: bool = False,
) -> Signal | None:
    """`whole_day`: the last night's day must have been seen, too."""
    count, limit, share = window
    care = 1 + FORGIVEN_CARE * state.forgiven
    least = max(SMALLEST_SHOWN, share * home.capacity)
    found = excess(nights, count, least=least, daily_litres=home.daily_litres, whole_day=whole_day)
    if (
        found is None
        or found.litres < SMALLEST
        or found.score < care * limit * (1 + FEW_NIGHTS / found.known)
    ):
        return None
    state.rate, state.base, state.clean, state.grown = found.litres, found.base, 0, 0
    state.since = nights[-count].ordinal
    return _raised(state, home, nights=count, at=at, score=round(found.score, 2))


def _raised(
    state: LeakState, home: Home, *, nights: int, at: float, anew: bool = False, **more: Any
) -> Signal:
    rate = state.rate or 0.0
    part = rate / home.capacity
    severity: Severity = "critical" if part >= LARGE_SHARE else "warning" if part >= 0.01 else "info"
    evidence = {
        "litersPerDay": round(rate, 1),
        "baselineLitersPerDay": round(state.base, 1),
        "nights": nights,
        **more,
        "from": at - (nights + 7) * 86400.0,
        "to": at,
    }
    return Signal("leak", True, severity, evidence, anew)


def _grown(state: LeakState, night: Night, home: Home, *, at: float) -> Signal | None:
    """An open leak that loses several times as much, by night and in the gentlest hours, is told anew."""
    if night.night is None or night.quiet is None:
        return None
    rate = min(loss.rate - loss.error for loss in (night.night, night.quiet)) - state.base
    worse = rate > max(GROWN * (state.rate or 0.0), GROWN_SHARE * home.capacity)
    state.grown = state.grown + 1 if worse else 0
    if state.grown < GROWN_NIGHTS:
        return None
    state.rate, state.clean, state.grown = rate, 0, 0
    return _raised(state, home, nights=GROWN_NIGHTS, at=at, anew=True)


def _still_leaking(state: LeakState, night: Night, daily_litres: float) -> Signal | None:
    """Close after clean nights: the night's loss is back near the baseline from before the leak."""
    if night.night is None:
        return None
    drawn = next((n.drawn for n in reversed(state.nights[:-1]) if n.drawn is not None), daily_litres)
    clean = night.night.rate < state.base * max(drawn / daily_litres, 1.0) + CLEAN_SHARE * (state.rate or 0.0)
    state.clean = state.clean + 1 if clean else 0
    if state.clean < CLEAN_NIGHTS:
        return None
    if night.ordinal - state.since < SHORTEST_LEAK:
        state.forgiven += 1
    # nights of the leak must not become the baseline of the next one
    before = [kept for kept in state.nights if kept.ordinal < state.since]
    state.nights = before + state.nights[-state.clean :]
    state.rate, state.clean, state.grown = None, 0, 0
    return Signal("leak", False)
