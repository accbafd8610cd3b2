"""Burst: a sudden large loss, told apart from a wild echo and from the hardest draws this household makes.

A burst begins between two readings: the first one shows a part of its pace, the second a whole step. A whole step
alone may be a wild echo, so the step before it must have begun to fall as this household seldom does at this
hour. Then the loss is compared with the household's own hardest draws.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import zip_longest
from typing import Any

from tanks.detectors.alerts import Signal

HOUR, DAY = 3600.0, 86400.0
PERCENT_AN_HOUR = 15.0
SLACK_NOISE = 3.0  # noise takes or adds as much to a step between two readings: about two standard deviations
STEADY = 0.75  # of its first step's pace at least: a broken pipe does not lose less and less
LEAST_PERCENT = 3.0  # lost: less is drawn by a hose while the next reading is under way
HARDEST_AN_HOUR = 75.0  # a doubted reading that fell faster needs its proof: wild echoes fall anywhere
SPANS = (1, 2, 4)  # steps between readings over which a loss is compared with the household's own
MEASURES = (
    *SPANS,
    2,
)  # steps each measure covers: the losses over SPANS, and twice the lesser of the last two
RECORD_FACTOR = 1.2  # above the hardest draw ever
VIOLENT_FACTORS = (0.45, 0.45, 0.0, 0.45)  # and so much more in a home that is known to draw like a burst
RARE = 5.0
PEAK_MEMORY = 0.985  # a day
LARGE_SHARE = 0.6  # of a loss like a burst that stopped by itself is learned as a draw the first time
HABIT_MEMORY = 1 / 45  # weight of a new day
GUESS_DAYS = 14  # until so many days are known, a family's hardest draw is assumed
GUESS_LITRES = ((0.1, 90.0), (0.25, 160.0), (0.5, 220.0), (1.0, 300.0), (4.0, 700.0))  # hours, litres
GUESS_SHARE, GUESS_SHARE_DAYS = 0.8, 7  # of a usual day, which a herd may drink at once
BEGINNING_NOISE = 4.0  # a first step less than this is noise, or the grain of the sensor
BEGINNING_CHANCE = 0.006  # a household falls so hard in one step of this hour: wild echoes are as rare
STEPS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)  # percent: how many steps a day are as hard is counted
PRIOR_DAYS, PRIOR_SHARE = (
    3.0,
    0.25,
)  # what is assumed of them at first: draws of about a quarter of a day's use
QUIETEST_HOUR = 0.1  # of the average hour's use
LONGEST_STEP, LONGEST_INTERVALS = 1.5 * HOUR, 2.6
CALM_PERCENT_AN_HOUR = 4.0
LONGEST_UNSEEN, UNSEEN_FACTOR = 12 * HOUR, 2.0  # of a silence; and of the use that is usual in it


def _nothing() -> list[float]:
    return [0.0] * len(MEASURES)


def _no_steps() -> list[float]:
    return [0.0] * len(STEPS)


@dataclass(slots=True)
class BurstState:
    """The household's hardest draws (percent of capacity) in each of MEASURES, and how long it was watched.

    `peaks`: ever, fading; `today`: so far; `running`: of the draw still under way, which must not be measured by
    itself; `mean` and `square`: of each day's hardest, and of its square. `steps`: how many steps a day fall by
    at least each of STEPS; `counted`: those of today.
    """

    peaks: list[float] = field(default_factory=_nothing)
    today: list[float] = field(default_factory=_nothing)
    running: list[float] = field(default_factory=_nothing)
    mean: list[float] = field(default_factory=_nothing)
    square: list[float] = field(default_factory=_nothing)
    steps: list[float] = field(default_factory=_no_steps)
    counted: list[float] = field(default_factory=_no_steps)
    days: int = 0
    level_before: float = 0.0  # percent, before an open burst
    forgiven: float = 0.0  # large losses that stopped by themselves, fading

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, document: dict[str, Any] | None) -> BurstState:
        return cls(**document) if document else cls()


@dataclass(frozen=True, slots=True)
class Habit:
    """What a loss is measured against. Percent and litres of capacity, seconds.

    `interval`: between this sensor's readings; `daily_percent`: used in a usual day; `hour_share`: of this hour's
    use, relative to the average hour's.
    """

    capacity: float
    noise_percent: float
    interval: float = 900.0
    daily_percent: float = 8.0
    hour_share: float = 1.0

    @property
    def longest(self) -> float:
        """Between two readings that still tell a pace."""
        return max(LONGEST_STEP, LONGEST_INTERVALS * self.interval)


def burst(
    state: BurstState, times: Sequence[float], levels: Sequence[float], habit: Habit, *, is_open: bool
) -> Signal | None:
    """Look at the newest step of believed readings; learns what is usual while all is well."""
    if len(times) < 3:
        return None
    span, before = times[-1] - times[-2], times[-2] - times[-3]
    if not 30.0 <= span <= habit.longest:
        return None
    slack = SLACK_NOISE * habit.noise_percent
    lost = levels[-2] - levels[-1]
    calm = lost <= CALM_PERCENT_AN_HOUR * span / HOUR + slack
    if is_open:
        _keep_running(state, _losses(times, levels, habit.longest))
        return _calmed(state, levels) if calm else None
    if before > habit.longest:
        if _lost_unseen(before, levels, habit):
            return _raised(state, times, levels, habit)
        return None
    losses = _losses(times, levels, habit.longest)
    if not calm or losses[1] > slack:
        if _like_one(state, times, levels, habit) and _beyond_habit(state, losses, span, habit):
            return _raised(state, times, levels, habit)
        _keep_running(state, losses)
    if calm and state.running[1] > 0:
        _learn(state)
    if lost >= STEPS[0]:
        state.counted = [n + (lost >= step) for n, step in zip(state.counted, STEPS, strict=True)]
    return None


def doubted(
    state: BurstState, times: Sequence[float], levels: Sequence[float], habit: Habit
) -> Signal | None:
    """Look at a newest reading that is not believed yet: a burst that was seen to begin need not wait for proof."""
    if len(times) < 3 or levels[-1] >= levels[-2]:
        return None
    span, before = times[-1] - times[-2], times[-2] - times[-3]
    possible = levels[-2] - levels[-1] <= HARDEST_AN_HOUR * span / HOUR
    if not (possible and 30.0 <= span <= habit.longest and before <= habit.longest):
        return None
    losses = _losses(times, levels, habit.longest)
    if _like_one(state, times, levels, habit) and _beyond_habit(state, losses, span, habit):
        return _raised(state, times, levels, habit)
    return None


def _like_one(state: BurstState, times: Sequence[float], levels: Sequence[float], habit: Habit) -> bool:
    """A whole step of a burst's pace after one in which it began, or so much at once that it need not go on."""
    slack = SLACK_NOISE * habit.noise_percent
    span, before = times[-1] - times[-2], times[-2] - times[-3]
    first, second = levels[-3] - levels[-2], levels[-2] - levels[-1]
    if PERCENT_AN_HOUR <= first <= HARDEST_AN_HOUR * before / HOUR and second > -slack:
        return levels[-1] < min(levels[-6:-3], default=100.0) - slack  # not back from a wild height
    return (
        second >= max(PERCENT_AN_HOUR * span / HOUR, STEADY * first * span / before) - slack
        and max(levels[-5:-2]) - levels[-1] >= LEAST_PERCENT
        and first > BEGINNING_NOISE * habit.noise_percent
        and _chance(state, first, before, habit) <= BEGINNING_CHANCE
    )


def _chance(state: BurstState, fall: float, span: float, habit: Habit) -> float:
    """How often this household falls so far (percent) in one step at this hour."""
    share = span / DAY * max(habit.hour_share, QUIETEST_HOUR)
    return _steps_a_day(state, fall, habit.daily_percent) * share


def _steps_a_day(state: BurstState, fall: float, daily: float) -> float:
    """Steps of at least so many percent in a day: counted, and between the counted sizes log-linear."""
    index = min(max(sum(step <= fall for step in STEPS) - 1, 0), len(STEPS) - 2)
    low, high = (_counted(state, at, daily) for at in (index, index + 1))
    share = math.log2(fall / STEPS[index])
    steps: float = low * (high / low) ** min(share, 2.0)
    return steps


def _counted(state: BurstState, index: int, daily: float) -> float:
    step = STEPS[index]
    assumed = daily / step * math.exp(-step / (PRIOR_SHARE * max(daily, 1.0)))
    days = min(state.days, 1 / HABIT_MEMORY)
    return max((assumed * PRIOR_DAYS + state.steps[index] * days) / (PRIOR_DAYS + days), 1e-6)


def _raised(state: BurstState, times: Sequence[float], levels: Sequence[float], habit: Habit) -> Signal:
    state.level_before = levels[-3]
    _keep_running(state, _losses(times, levels, habit.longest))
    lost = levels[-3] - levels[-1]
    evidence = {
        "percentAnHour": round(lost / (times[-1] - times[-3]) * HOUR, 1),
        "lostLiters": round(lost / 100 * habit.capacity, 1),
        "usualPeakLiters": round(max(state.peaks[1], state.today[1]) / 100 * habit.capacity, 1),
        "from": times[-3],
        "to": times[-1],
    }
    return Signal("burst", True, "critical", evidence)


def _lost_unseen(gap: float, levels: Sequence[float], habit: Habit) -> bool:
    """Much more went in a silence of `gap` seconds than a household draws in it, and two readings say so."""
    lost = levels[-3] - levels[-1]
    most = PERCENT_AN_HOUR + UNSEEN_FACTOR * habit.daily_percent * gap / DAY
    return (
        gap <= LONGEST_UNSEEN and lost > most and levels[-1] <= levels[-2] + SLACK_NOISE * habit.noise_percent
    )


def _learn(state: BurstState) -> None:
    """A draw has ended: it was one of this household's."""
    state.today = [max(a, b) for a, b in zip(state.today, state.running, strict=True)]
    state.running = _nothing()


def day_closed(state: BurstState) -> None:
    """Fold the day's hardest draws into the household's."""
    state.days += 1
    weight = max(1 / state.days, HABIT_MEMORY)
    state.mean = [a + weight * (b - a) for a, b in zip(state.mean, state.today, strict=True)]
    state.square = [a + weight * (b * b - a) for a, b in zip(state.square, state.today, strict=True)]
    state.steps = [a + weight * (b - a) for a, b in zip(state.steps, state.counted, strict=True)]
    state.peaks = [max(PEAK_MEMORY * a, b) for a, b in zip(state.peaks, state.today, strict=True)]
    state.today, state.counted = _nothing(), _no_steps()
    state.forgiven *= PEAK_MEMORY


def _calmed(state: BurstState, levels: Sequence[float]) -> Signal:
    """The loss has stopped by itself: a draw, most likely. A large one is half believed until it comes again."""
    lost = max(state.level_before - levels[-1], 0.0)
    share = 1.0
    if lost >= PERCENT_AN_HOUR:
        share = min(LARGE_SHARE + state.forgiven, 1.0)
        state.forgiven += 1.0
    state.running = [min(share * draw, lost) for draw in state.running]
    _learn(state)
    return Signal("burst", False)


def _keep_running(state: BurstState, losses: Sequence[float]) -> None:
    state.running = [max(a, b) for a, b in zip_longest(state.running, losses, fillvalue=0.0)]


def _losses(times: Sequence[float], levels: Sequence[float], longest: float) -> list[float]:
    """Percent lost in each of MEASURES: the first ones alone where a gap is in the others."""
    now = levels[-1]
    losses = [levels[-2] - now, levels[-3] - now]
    if len(times) > SPANS[2] and times[-1] - times[-1 - SPANS[2]] <= SPANS[2] * longest:
        losses += [levels[-1 - SPANS[2]] - now, 2 * min(losses[0], losses[1] - losses[0])]
    return losses


def _beyond_habit(state: BurstState, losses: Sequence[float], span: float, habit: Habit) -> bool:
    """More than hardly any draw of this household, in one of MEASURES."""
    return any(
        loss > _usual(state, index, span * MEASURES[index] / HOUR, habit) + habit.noise_percent
        for index, loss in enumerate(losses)
    )


def _usual(state: BurstState, index: int, hours: float, habit: Habit) -> float:
    """Percent in so many hours that hardly any draw of this household exceeds, known or assumed."""
    record = max(state.peaks[index], state.today[index])
    record *= RECORD_FACTOR + VIOLENT_FACTORS[index] * min(record / (PERCENT_AN_HOUR * hours), 1.0)
    mean = state.mean[index]
    rare: float = mean + RARE * max(state.square[index] - mean * mean, 0.0) ** 0.5
    known = max(record, min(rare, PERCENT_AN_HOUR * max(hours, 1.0)))
    if state.days >= GUESS_DAYS:
        return known
    litres = next((most for limit, most in GUESS_LITRES if hours <= limit), GUESS_LITRES[-1][1])
    guess: float = litres / habit.capacity * 100 * (1 - state.days / GUESS_DAYS)
    herd = GUESS_SHARE * habit.daily_percent * (1 - state.days / GUESS_SHARE_DAYS)
    return max(known, guess, herd)
