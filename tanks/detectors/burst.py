"""Burst: a sudden large loss, told apart from a wild echo and from the hardest draws this household makes.

A burst begins between two readings: the first one shows a part of its pace, the second a whole step. Three things
speak for it, and are weighed together as logarithms of how rare they are in this household: so hard a beginning at
this hour (a wild echo alone has none), so hard a step, and more steps as hard in succession.
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
HARDEST_AN_HOUR = 75.0  # what falls faster needs another reading as proof: wild echoes fall anywhere
RUNS = (1, 2, 3, 5)  # steps in succession: a loss over so many is so often the least of them
STEP, PAIR = 0, 1  # places in RUNS
PROOF = 10.3  # the sum of the logarithms below that makes a burst
STEP_WEIGHT, STEP_MOST = 1.5, 4.0  # a wild echo makes one step as hard as one likes
RUN_WEIGHTS, RUN_MOST = (0.5, 0.6, 0.5), 10.0  # of more in succession, which hardly any draw lasts
HOSE, FLOOD_LEAST = (12.0, 25.0), 32.0  # litres a minute: so hard hoses, baths and header tanks draw
HOSE_EVIDENCE, FLOOD_EVIDENCE = -1.5, 1.0
HABIT_MEMORY = 1 / 45  # weight of a new day
GUESS_LITRES, GUESS_HOURS, GUESS_GROWTH = 80.0, 0.25, 0.4  # a family's hardest draw of a day, and in longer
GUESS_SHARE = 0.45  # of a usual day, which a herd may drink at once
LARGE_SHARE = 0.6  # of a loss like a burst that stopped by itself is learned as a draw the first time
FORGIVEN_MEMORY = 0.985  # a day
FORGIVEN_DAYS = 8.0  # what a draw that was taken for a burst weighs, as it will come again
BEGINNING_NOISE = 3.0  # a first step less than this is noise, or the grain of the sensor
STEPS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)  # percent: how many steps a day are as hard is counted
PRIOR_DAYS = 3.0  # what is assumed of them at first
PRIOR_SHARE = 0.25  # of a day's use in one draw
QUIETEST_HOUR = 0.1  # of the average hour's use
LONGEST_STEP, LONGEST_INTERVALS = 1.5 * HOUR, 2.6
CALM_PERCENT_AN_HOUR = 4.0
AT_ONCE_SECONDS = 1700.0  # between two readings a burst may begin and end
LONGEST_UNSEEN, UNSEEN_FACTOR = 12 * HOUR, 2.0  # of a silence; and of the use that is usual in it


def _nothing() -> list[float]:
    return [0.0] * len(RUNS)


def _no_steps() -> list[float]:
    return [0.0] * len(STEPS)


@dataclass(slots=True)
class BurstState:
    """The household's hardest draws (percent of capacity) in each measure, and how many days it was watched.

    `today`: so far; `running`: of the draw still under way, which must not be measured by itself; `mean` and
    `square`: of each day's hardest, and of its square. `steps`: how many steps a day fall by at least each of
    STEPS; `counted`: those of today.
    """

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
    if lost >= STEPS[0]:
        state.counted = [n + (lost >= step) for n, step in zip(state.counted, STEPS, strict=True)]
    if not calm or levels[-3] - levels[-1] > slack:
        if _is_one(state, times, levels, habit):
            return _raised(state, times, levels, habit)
        _keep_running(state, _losses(times, levels, habit.longest))
    if calm and state.running[STEP] > 0:
        _learn(state)
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
    return _raised(state, times, levels, habit) if _is_one(state, times, levels, habit) else None


def _is_one(state: BurstState, times: Sequence[float], levels: Sequence[float], habit: Habit) -> bool:
    """A whole step of a burst's pace after one in which it began, or so much at once that it need not go on."""
    slack = SLACK_NOISE * habit.noise_percent
    span, before = times[-1] - times[-2], times[-2] - times[-3]
    first, second = levels[-3] - levels[-2], levels[-2] - levels[-1]
    whole = max(PERCENT_AN_HOUR * span / HOUR, STEADY * first * span / before) - slack
    fastest = HARDEST_AN_HOUR / HOUR
    begun = first > BEGINNING_NOISE * habit.noise_percent
    possible = second <= fastest * span or first > fastest * before
    if begun and possible and second >= whole and max(levels[-5:-2]) - levels[-1] >= LEAST_PERCENT:
        part = min(first / before / (second / span), 1.0)
        losses = _losses(times, levels, habit.longest)
        return _rarity(state, first, before, part, losses, habit) + _of_flow(second, span, habit) >= PROOF
    much = PERCENT_AN_HOUR * max(before / HOUR, 1.0)
    if much <= first <= fastest * before and second > -slack:
        stays = levels[-1] < min(levels[-6:-3], default=100.0) - slack  # not back from a wild height
        ended = before >= AT_ONCE_SECONDS or levels[-1] <= LEAST_PERCENT
        evidence = _rarity(state, first, before, 1.0, [first, first], habit) + _of_flow(first, before, habit)
        return stays and ended and evidence >= PROOF
    return False


def _of_flow(lost: float, span: float, habit: Habit) -> float:
    """What the flow of a step says: for a broken pipe, or for a hose."""
    flow = lost / 100 * habit.capacity / (span / 60.0)
    hose = HOSE_EVIDENCE if HOSE[0] <= flow <= HOSE[1] else 0.0
    return FLOOD_EVIDENCE if flow > FLOOD_LEAST else hose


def _rarity(
    state: BurstState, first: float, before: float, part: float, losses: Sequence[float], habit: Habit
) -> float:
    """How seldom this household falls so: the logarithm of chance, roughly.

    `first`: percent that it fell in the `before` seconds in which it began, `part` of the pace that followed: a
    burst begins anywhere between two readings, a wild echo follows on small draws; `losses`: in each of RUNS.
    """
    known = (min(state.days, 1 / HABIT_MEMORY) + PRIOR_DAYS) * DAY / before  # nothing is known to be rarer
    beginning = min(-math.log(_chance(state, first, before, habit)), math.log(known)) + math.log(part)
    step, *runs = (_above(state, measure, loss, habit) for measure, loss in enumerate(losses))
    evidence: float = beginning + STEP_WEIGHT * min(step, STEP_MOST)
    for weight, run in zip(RUN_WEIGHTS, runs, strict=False):
        evidence += weight * min(max(run, 0.0), RUN_MOST)
    return evidence


def hardest(state: BurstState, habit: Habit) -> float:
    """Litres of a usual day's hardest step between two readings, known or assumed."""
    return _hardest(state, STEP, habit)[0] / 100 * habit.capacity


def _above(state: BurstState, measure: int, loss: float, habit: Habit) -> float:
    """By how many standard deviations a loss exceeds the hardest draw of a usual day."""
    mean, spread = _hardest(state, measure, habit)
    return (loss - mean) / (spread + habit.noise_percent)


def _hardest(state: BurstState, measure: int, habit: Habit) -> tuple[float, float]:
    """Mean and standard deviation (percent) of the hardest draw of a day.

    What is known of it are the days, today, and as much as one day's worth of what households do.
    """
    hours = RUNS[measure] * habit.interval / HOUR
    litres = GUESS_LITRES * (hours / GUESS_HOURS) ** GUESS_GROWTH
    guess: float = max(litres / habit.capacity * 100, GUESS_SHARE * habit.daily_percent)
    days = min(state.days, 1 / HABIT_MEMORY)
    today = max(state.today[measure], state.mean[measure] if days else guess)
    mean: float = (days * state.mean[measure] + guess + today) / (days + 2)
    square = (days * state.square[measure] + 2 * guess * guess + today * today) / (days + 2)
    return mean, math.sqrt(max(square - mean * mean, 0.0))


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
        "usualPeakLiters": round(state.mean[PAIR] / 100 * habit.capacity, 1),
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
    _fold(state, state.today, weight)
    state.steps = [a + weight * (b - a) for a, b in zip(state.steps, state.counted, strict=True)]
    state.today, state.counted = _nothing(), _no_steps()
    state.forgiven *= FORGIVEN_MEMORY


def _fold(state: BurstState, draws: Sequence[float], weight: float) -> None:
    state.mean = [a + weight * (b - a) for a, b in zip(state.mean, draws, strict=True)]
    state.square = [a + weight * (b * b - a) for a, b in zip(state.square, draws, strict=True)]


def _calmed(state: BurstState, levels: Sequence[float]) -> Signal:
    """The loss has stopped by itself: a draw, most likely. A large one is half believed until it comes again."""
    lost = max(state.level_before - levels[-1], 0.0)
    share = 1.0
    if lost >= PERCENT_AN_HOUR:
        share = min(LARGE_SHARE + state.forgiven, 1.0)
        state.forgiven += 1.0
    state.running = [min(share * draw, lost) for draw in state.running]
    harder = [max(draw, mean) for draw, mean in zip(state.running, state.mean, strict=True)]
    _fold(state, harder, FORGIVEN_DAYS * HABIT_MEMORY)
    _learn(state)
    return Signal("burst", False)


def _keep_running(state: BurstState, losses: Sequence[float]) -> None:
    state.running = [max(a, b) for a, b in zip_longest(state.running, losses, fillvalue=0.0)]


def _losses(times: Sequence[float], levels: Sequence[float], longest: float) -> list[float]:
    """Percent lost in each of RUNS: the first ones alone where a gap is in the others."""
    losses, least = [], math.inf
    for steps in range(1, min(RUNS[-1], len(times) - 1) + 1):
        if times[-steps] - times[-steps - 1] > longest:
            break
        least = min(least, levels[-steps - 1] - levels[-steps])
        if steps in RUNS:
            losses.append(steps * least)
    return losses
