"""Burst: a sudden large loss, told apart from the hardest draws this household is known to make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import zip_longest
from typing import Any

from tanks.detectors.alerts import Signal

HOUR = 3600.0
PERCENT_AN_HOUR = 15.0
TOLERANCE = 0.9  # of that rate, for what noise takes away
SPANS = (1, 2, 4)  # steps between readings over which a loss is compared with the household's own
MEASURES = (
    *SPANS,
    2,
)  # steps each measure covers: the losses over SPANS, and twice the lesser of the last two
RECORD_FACTOR = 1.2  # above the hardest draw ever
VIOLENT_FACTORS = (0.45, 0.45, 0.0, 0.45)  # and so much more in a home that is known to draw like a burst
RARE = 5.0
FIRST_STEP_SHARE = 0.12  # a single hard step counts once the one before it had begun to fall
PEAK_MEMORY = 0.985  # a day
HABIT_MEMORY = 1 / 45  # weight of a new day
GUESS_DAYS = 14  # until so many days are known, a family's hardest draw is assumed
GUESS_LITRES = ((0.1, 90.0), (0.25, 160.0), (0.5, 220.0), (1.0, 300.0), (4.0, 700.0))  # hours, litres
LONGEST_STEP, LONGEST_INTERVALS = 1.5 * HOUR, 2.6
CALM_PERCENT_AN_HOUR = 4.0
LONGEST_UNSEEN, UNSEEN_DAYS = 12 * HOUR, 2.5  # of a silence, and days' use that must have gone in it


def _nothing() -> list[float]:
    return [0.0] * len(MEASURES)


@dataclass(slots=True)
class BurstState:
    """The household's hardest draws (percent of capacity) in each of MEASURES, and how long it was watched.

    `peaks`: ever, fading; `today`: so far; `running`: of the draw still under way, which must not be measured by
    itself; `mean` and `square`: of each day's hardest, and of its square.
    """

    peaks: list[float] = field(default_factory=_nothing)
    today: list[float] = field(default_factory=_nothing)
    running: list[float] = field(default_factory=_nothing)
    mean: list[float] = field(default_factory=_nothing)
    square: list[float] = field(default_factory=_nothing)
    days: int = 0
    level_before: float = 0.0  # percent, before an open burst

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, document: dict[str, Any] | None) -> BurstState:
        return cls(**document) if document else cls()


def burst(
    state: BurstState,
    times: Sequence[float],
    levels: Sequence[float],
    *,
    capacity: float,
    noise_percent: float,
    is_open: bool,
    since: float = 0.0,
    interval: float = 900.0,
    daily_percent: float = 0.0,
) -> Signal | None:
    """Look at the newest steps of believed readings after `since`; learns what is usual while all is well.

    `interval`: seconds between this sensor's readings; `daily_percent`: of capacity, what is used in a usual day.
    """
    if len(times) < 3 or times[-3] < since:
        return None
    span, longest = times[-1] - times[-2], max(LONGEST_STEP, LONGEST_INTERVALS * interval)
    if not 30.0 <= span <= longest:
        return None
    rate = (levels[-2] - levels[-1]) / span * HOUR
    slack = 3 * noise_percent
    calm = rate <= CALM_PERCENT_AN_HOUR + slack / span * HOUR
    if is_open:
        return _calmed(state, levels) if calm else None
    before = times[-2] - times[-3]
    if before > longest:
        if _lost_unseen(before, levels, daily_percent, slack):
            return _raised(state, times, levels, capacity, HOUR * (levels[-3] - levels[-1]) / (before + span))
        return None
    if calm and levels[-3] - levels[-1] <= slack:
        if state.running[1] > 0:
            _learn(state)
        return None
    losses = _losses(times, levels, longest)
    hard = rate >= TOLERANCE * PERCENT_AN_HOUR - slack / span * HOUR and losses[0] > 2 * slack
    if (hard or losses[1] >= PERCENT_AN_HOUR) and losses[1] - losses[0] > max(
        FIRST_STEP_SHARE * losses[0], 2 * noise_percent
    ):
        for index, loss in enumerate(losses):
            if loss > _usual(state, index, span * MEASURES[index] / HOUR, capacity) + noise_percent:
                return _raised(state, times, levels, capacity, rate)
    state.running = [max(a, b) for a, b in zip_longest(state.running, losses, fillvalue=0.0)]
    if calm:
        _learn(state)
    return None


def _raised(
    state: BurstState, times: Sequence[float], levels: Sequence[float], capacity: float, rate: float
) -> Signal:
    state.level_before, state.running = levels[-3], _nothing()
    evidence = {
        "percentAnHour": round(rate, 1),
        "lostLiters": round((levels[-3] - levels[-1]) / 100 * capacity, 1),
        "usualPeakLiters": round(max(state.peaks[1], state.today[1]) / 100 * capacity, 1),
        "from": times[-3],
        "to": times[-1],
    }
    return Signal("burst", True, "critical", evidence)


def _lost_unseen(gap: float, levels: Sequence[float], daily_percent: float, slack: float) -> bool:
    """Much more went in a silence of `gap` seconds than a household draws in a day, and two readings say so."""
    lost = levels[-3] - levels[-1]
    most = max(PERCENT_AN_HOUR, UNSEEN_DAYS * daily_percent * max(gap / LONGEST_UNSEEN, 0.5))
    return gap <= LONGEST_UNSEEN and lost > most and levels[-1] <= levels[-2] + slack


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
    state.peaks = [max(PEAK_MEMORY * a, b) for a, b in zip(state.peaks, state.today, strict=True)]
    state.today = _nothing()


def _calmed(state: BurstState, levels: Sequence[float]) -> Signal:
    """The loss has stopped; one that stops by itself soon was a draw, and is learned as one."""
    lost = state.level_before - levels[-1]
    if lost < PERCENT_AN_HOUR:
        shares = (0.6, 0.9, 1.0, 0.6)
        scale = [min(lost, max(peak, lost * share)) for peak, share in zip(state.peaks, shares, strict=True)]
        state.today = [max(a, b) for a, b in zip(state.today, scale, strict=True)]
    return Signal("burst", False)


def _losses(times: Sequence[float], levels: Sequence[float], longest: float) -> list[float]:
    """Percent lost in each of MEASURES: the first ones alone where a gap is in the others."""
    now = levels[-1]
    losses = [levels[-2] - now, levels[-3] - now]
    if len(times) > SPANS[2] and times[-1] - times[-1 - SPANS[2]] <= SPANS[2] * longest:
        losses += [levels[-1 - SPANS[2]] - now, 2 * min(losses[0], losses[1] - losses[0])]
    return losses


def _usual(state: BurstState, index: int, hours: float, capacity: float) -> float:
    """Percent in so many hours that hardly any draw of this household exceeds, known or assumed."""
    record = max(state.peaks[index], state.today[index])
    record *= RECORD_FACTOR + VIOLENT_FACTORS[index] * min(record / (PERCENT_AN_HOUR * hours), 1.0)
    mean = state.mean[index]
    rare: float = mean + RARE * max(state.square[index] - mean * mean, 0.0) ** 0.5
    known = max(record, min(rare, PERCENT_AN_HOUR * max(hours, 1.0)))
    if state.days >= GUESS_DAYS:
        return known
    litres = next((most for limit, most in GUESS_LITRES if hours <= limit), GUESS_LITRES[-1][1])
    guess: float = litres / capacity * 100 * (1 - state.days / GUESS_DAYS)
    return max(known, guess)
