"""Refills: found as they happen, measured once the water has settled, with litres and their uncertainty.

A refill is a rise that lasts: more than noise, temperature and slosh can explain, above the lowest level of
the last hours. Its volume is the settled level after, less the level before, plus what was drawn meanwhile.
Levels are percent of capacity; times are seconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tanks.quality import ZERO_PERCENT
from tanks.usage import HOUR, Clock, RefillSpan

Array = NDArray[np.float64]

SMALLEST_PERCENT = 2.5
NOISE_FACTOR = 8.0
LOOK_BACK = 5 * HOUR
QUIET_READINGS = 3  # readings without a further rise end a refill
QUIET_SECONDS = 0.75 * HOUR
QUIET_SHARE, QUIET_LONGEST = 1.0, 2 * HOUR  # of a slow one's time so far: draws may outrun it for a while
GAP_SECONDS = 1.5 * HOUR  # a refill inside a longer silence came halfway through it, for all one knows
UNSEEN_AN_HOUR = 75.0  # percent: nothing real falls faster, and comes back to where it was
BACK_PERCENT, BACK_NOISE = 2.0, 4.0  # so near
SLOSH_SECONDS = 0.35 * HOUR  # waves die away by a factor of e
SLOSH_FACTOR, SLOSH_PERCENT = 8.0, 0.5  # their size at first: in units of the noise, and at least
EDGE_SECONDS = 0.75 * HOUR  # how far around a refill its levels are read
EDGE_READINGS = 3
EVENT_SHARE, EVENT_LITRES = 0.4, 8.0  # of the hardest draw of a day: a single draw; and at least
HABIT_SPREAD = 0.7  # of what is usually drawn in an hour or so
SKEW = 0.4  # of a single draw: in most short times so much less than the mean is drawn, in a few much more
LEAST_DRAW = 0.1  # of the mean
ALIKE_SHARE = 0.3  # of what is usual in its hours: spans so busy tell what is drawn in such a time
TYPICAL_MOST = 1.3  # of the mean
GUESS_SPANS = 4.0  # what is guessed from the size of draws weighs as much as so many spans
SPAN_RISE, SPAN_FALL = 1.5, 15.0  # percent: refills and bursts are no example


@dataclass(frozen=True, slots=True)
class Refill:
    """Water that came in. `at`: when it ended; `litres` ± `uncertainty` (one standard deviation).

    `end_at`: the first reading after it, where that is much later.
    """

    at: float
    start_at: float
    litres: float
    uncertainty: float
    level_before: float  # percent
    level_after: float
    end_at: float | None = None

    @property
    def span(self) -> RefillSpan:
        return RefillSpan(self.start_at, self.end_at or self.at)


@dataclass(slots=True)
class RefillState:
    """A refill under way: since when, how high it came, and when it last rose; else the last lowest level.

    `since`: readings until then have been looked at for the refill before.
    """

    since: float = 0.0
    lowest_at: float = 0.0
    lowest: float | None = None
    start_at: float | None = None
    found_at: float = 0.0
    bottom_level: float = 0.0
    top_level: float = 0.0
    rose_at: float = 0.0
    quiet: int = 0

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, document: dict[str, Any] | None) -> RefillState:
        return cls(**document) if document else cls()


def smallest_rise(noise_percent: float) -> float:
    """The least rise (percent) that is called a refill."""
    return max(SMALLEST_PERCENT, NOISE_FACTOR * noise_percent)


def watch(
    state: RefillState, times: Sequence[float], levels: Sequence[float], *, noise_percent: float
) -> bool:
    """Look at the newest believed reading; true once a refill has ended and settled. Changes `state`."""
    now, middle = times[-1], _middle(levels)
    if state.start_at is None:
        if state.lowest is None or middle <= state.lowest:
            state.lowest_at, state.lowest = now, middle
        elif state.lowest_at < now - LOOK_BACK:
            state.lowest_at, state.lowest = _lowest(times, levels, now - LOOK_BACK)
        if middle - state.lowest > smallest_rise(noise_percent):
            state.start_at, state.found_at, state.bottom_level = state.lowest_at, now, state.lowest
            state.top_level, state.rose_at, state.quiet = middle, now, 0
        return False
    if middle > state.top_level + max(0.4, 3 * noise_percent):
        state.top_level, state.rose_at, state.quiet = middle, now, 0
        return False
    state.quiet += 1
    slow = min(QUIET_SHARE * (state.rose_at - state.start_at), QUIET_LONGEST)
    return state.quiet >= QUIET_READINGS and now - state.rose_at >= max(QUIET_SECONDS, slow)


def _middle(levels: Sequence[float]) -> float:
    """Median of the last three levels: a lone wild one has no say."""
    if len(levels) < 3:
        return levels[-1]
    a, b, c = levels[-3], levels[-2], levels[-1]
    return max(min(a, b), min(max(a, b), c))


def _lowest(times: Sequence[float], levels: Sequence[float], since: float) -> tuple[float, float]:
    """When and how low the running median of three last was at its lowest, looking back to `since`."""
    index = len(times) - 1
    best_at, best = times[-1], _middle(levels)
    while index >= 2 and times[index] >= since:
        a, b, c = levels[index - 2], levels[index - 1], levels[index]
        middle = max(min(a, b), min(max(a, b), c))
        if middle < best:
            best_at, best = times[index], middle
        index -= 1
    return best_at, best


def measure(
    state: RefillState,
    times: Array,
    levels: Array,
    *,
    capacity: float,
    noise_percent: float,
    clock: Clock,
    daily_litres: float,
    hardest_litres: float,
) -> Refill | None:
    """The settled refill's times and litres. None when, looked at whole, it was none.

    `daily_litres`: of a usual day; `hardest_litres`: its hardest draw between two readings.
    """
    if state.start_at is None:
        return None
    first, last = _edges(times, levels, state, noise_percent)
    if first == 0:  # one reading alone was lower
        return None
    before, after = slice(_back(times, first), first + 1), slice(last, _onward(times, last))
    percent = 100 / capacity
    event = max(EVENT_LITRES, EVENT_SHARE * hardest_litres) * percent
    used = (clock.activity(times) - clock.activity(times[first])) * daily_litres * percent
    mean = float(used[last])
    guess = max(1 - SKEW * event / max(mean, 1e-9), LEAST_DRAW)
    used *= _typical(times, levels, used, clock, first=first, last=last, guess=guess)
    slosh = max(SLOSH_FACTOR * noise_percent, SLOSH_PERCENT) * np.exp(
        -(times[after] - times[last]) / SLOSH_SECONDS
    )
    level_before, variance_before = edge_level(
        levels[before], noise=noise_percent, drawn=used[before] - used[first], event=event
    )
    level_after, variance_after = edge_level(
        levels[after], noise=np.hypot(noise_percent, slosh), drawn=used[after] - used[last], event=event
    )
    if level_after - level_before < 0.8 * smallest_rise(noise_percent):
        return None
    if _came_back(times, levels, first, level_after, noise_percent):
        return None
    meanwhile = float(used[last] - used[first])
    litres = (level_after - level_before + meanwhile) / percent
    likely = max(meanwhile, guess * mean)  # where mostly nothing is drawn, something may have been
    variance = variance_before + variance_after + likely * event + (HABIT_SPREAD * likely) ** 2
    silent = float(times[last] - times[last - 1])
    unseen = silent > GAP_SECONDS
    return Refill(
        float(times[last]) - (silent / 2 if unseen else 0.0),
        float(times[first]),
        litres,
        float(np.sqrt(variance)) / percent,
        level_before,
        level_after,
        float(times[last]) if unseen else None,
    )


def _typical(
    times: Array, levels: Array, used: Array, clock: Clock, *, first: int, last: int, guess: float
) -> float:
    """What is drawn in most spans as long as the refill, relative to the mean; by those of the days before it.

    `used`: percent usually drawn by each time since the first; `guess`: the same by the size of draws.
    """
    long = times[last] - times[first]
    count = int(np.searchsorted(times[: first + 1], times[first] - long, side="right"))
    starts, ends = times[:count], times[:count] + long
    daily = used[last] / max(float(clock.activity(times[last]) - clock.activity(times[first])), 1e-9)
    usual = (clock.activity(ends) - clock.activity(starts)) * daily
    drawn = levels[:count] - np.interp(ends, times[: first + 1], levels[: first + 1])
    alike = (usual > ALIKE_SHARE * used[last]) & (drawn > -SPAN_RISE) & (drawn < SPAN_FALL)
    known = int(alike.sum())
    if not known:
        return guess
    share = min(max(float(np.median(drawn[alike] / usual[alike])), LEAST_DRAW), TYPICAL_MOST)
    return (known * share + GUESS_SPANS * guess) / (known + GUESS_SPANS)


def _came_back(times: Array, levels: Array, first: int, level_after: float, noise: float) -> bool:
    """Is this but the return from a fall that no water makes: to zero at once, or faster than any pipe?"""
    since = int(np.searchsorted(times, times[first] - LOOK_BACK, side="left"))
    high, low = levels[since:first], levels[since + 1 : first + 1]
    fell, hours = high - low, np.diff(times[since : first + 1]) / HOUR
    away = np.abs(high - level_after)
    unreal = (fell > UNSEEN_AN_HOUR * hours) | (low <= ZERO_PERCENT)
    near = unreal & (away < max(BACK_PERCENT, BACK_NOISE * noise))
    return bool((near & (fell > BACK_PERCENT)).any())


def edge_level(levels: Array, *, noise: Array | float, drawn: Array, event: float) -> tuple[float, float]:
    """The level where readings meet a refill, and its variance (percent).

    Readings further from the edge say less: what was drawn between is known only as habit (`drawn`, signed
    from the edge) give or take single draws of size `event`. Generalised least squares; a reading that does
    not fit with the others is let go.
    """
    away = np.abs(drawn)
    nearer = np.minimum(away[:, None], away[None, :])
    walk = event * nearer + HABIT_SPREAD**2 * away[:, None] * away[None, :]
    own = np.broadcast_to(np.asarray(noise, dtype=np.float64) ** 2, levels.shape).copy()
    flat = levels + drawn
    level, variance = 0.0, 0.0
    for _ in range(2):
        weights = np.linalg.inv(walk + np.diag(own)).sum(axis=0)
        variance = 1 / float(weights.sum())
        level = float(weights @ flat) * variance
        spread = np.sqrt(own + walk.diagonal())
        own[np.abs(flat - level) > 4 * spread] += (10 * spread[np.abs(flat - level) > 4 * spread]) ** 2
    return level, variance


def _back(times: Array, first: int) -> int:
    by_time = int(np.searchsorted(times, times[first] - EDGE_SECONDS, side="left"))
    return max(min(by_time, first - EDGE_READINGS), 0)


def _onward(times: Array, last: int) -> int:
    by_time = int(np.searchsorted(times, times[last] + EDGE_SECONDS, side="right"))
    return max(by_time, last + EDGE_READINGS)


def _edges(times: Array, levels: Array, state: RefillState, noise: float) -> tuple[int, int]:
    """Indices of the last reading before the rise and of the first one after it."""
    low = max(int(np.searchsorted(times, (state.start_at or 0.0) - 1.0, side="left")) - 3, 0)
    height = state.top_level - state.bottom_level
    high = levels > state.bottom_level + 0.2 * height
    full = levels > state.top_level - 0.2 * height
    high[:-1] &= high[1:]  # a lone wild reading is no rise
    full[:-1] &= full[1:]
    first = low + int(np.argmax(high[low:]))
    last = max(low + int(np.argmax(full[low:])), first)
    if state.rose_at - float(times[last]) > QUIET_SECONDS:  # a slow one, that draws have held up
        last = int(np.searchsorted(times, state.rose_at - 1.0, side="left")) - 1
    first = max(first - 1, 0)
    while first > 0 and 2 * noise < levels[first] - levels[first - 1] < height:
        first -= 1
    while last + 1 < len(times) and levels[last + 1] - levels[last] > 2 * noise:
        last += 1
    return first, last
