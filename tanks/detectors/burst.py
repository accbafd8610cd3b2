"""Burst: a sudden large loss, told apart from the hardest draws this household is known to make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tanks.detectors.alerts import Signal

HOUR = 3600.0
PERCENT_AN_HOUR = 15.0
TOLERANCE = 0.9  # of that rate, for what noise takes away
SPANS = (1, 2, 4)  # steps between readings over which a loss is compared with the household's own
FACTORS = (1.4, 1.25, 1.15)  # above its hardest draw over as many steps
FIRST_STEP_SHARE = 0.12  # a single hard step counts once the one before it had begun to fall
PEAK_MEMORY = 0.985  # a day
GUESS_DAYS = 14  # until so many days are known, a family's hardest draw is assumed
GUESS_LITRES = ((0.1, 90.0), (0.25, 160.0), (0.5, 220.0), (1.0, 300.0), (4.0, 700.0))  # hours, litres
LONGEST_STEP, LONGEST_INTERVALS = 1.5 * HOUR, 2.6
CALM_PERCENT_AN_HOUR = 4.0


@dataclass(slots=True)
class BurstState:
    """The household's hardest draws (percent of capacity) over each of SPANS, and how long it was watched."""

    peaks: list[float] = field(default_factory=lambda: [0.0] * len(SPANS))
    today: list[float] = field(default_factory=lambda: [0.0] * len(SPANS))
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
) -> Signal | None:
    """Look at the newest steps of believed readings after `since`; learns what is usual while all is well.

    `interval`: seconds between this sensor's readings; much longer steps are gaps, and say nothing.
    """
    if len(times) < 3 or times[-3] < since:
        return None
    span, longest = times[-1] - times[-2], max(LONGEST_STEP, LONGEST_INTERVALS * interval)
    if not 30.0 <= span <= longest:
        return None
    rate = (levels[-2] - levels[-1]) / span * HOUR
    slack = 3 * noise_percent
    if is_open:
        return _calmed(state, levels, rate, slack / span * HOUR)
    if levels[-1] < levels[-2] and 30.0 <= times[-2] - times[-3] <= longest:
        rate = max(rate, (levels[-3] - levels[-2]) / (times[-2] - times[-3]) * HOUR)
    losses = _losses(times, levels, longest)
    needed = [_usual(state, index, span * SPANS[index] / HOUR, capacity) for index in range(len(losses))]
    hard = rate >= TOLERANCE * PERCENT_AN_HOUR - slack / span * HOUR and rate * span / HOUR > 2 * slack
    if hard and len(losses) > 1:
        began = losses[1] - losses[0] > max(FIRST_STEP_SHARE * losses[0], 2 * noise_percent)
        above = [loss > FACTORS[i] * needed[i] + noise_percent for i, loss in enumerate(losses)]
        if began and any(above):
            state.level_before = levels[-3]
            evidence = {
                "percentAnHour": round(rate, 1),
                "lostLiters": round((levels[-3] - levels[-1]) / 100 * capacity, 1),
                "usualPeakLiters": round(needed[1] / 100 * capacity, 1),
                "from": times[-3],
                "to": times[-1],
            }
            return Signal("burst", True, "critical", evidence)
    for index, loss in enumerate(losses):
        state.today[index] = max(state.today[index], loss)
    return None


def day_closed(state: BurstState) -> None:
    """Fold the day's hardest draws into the household's."""
    state.days += 1
    state.peaks = [max(PEAK_MEMORY * a, b) for a, b in zip(state.peaks, state.today, strict=True)]
    state.today = [0.0] * len(SPANS)


def _calmed(state: BurstState, levels: Sequence[float], rate: float, slack: float) -> Signal | None:
    """Close when the loss has stopped; one that stops by itself soon was a draw, and is learned as one."""
    if rate > CALM_PERCENT_AN_HOUR + slack:
        return None
    lost = state.level_before - levels[-1]
    if lost < PERCENT_AN_HOUR:
        scale = [
            min(lost, max(peak, lost * share)) for peak, share in zip(state.peaks, (0.6, 0.9, 1), strict=True)
        ]
        state.today = [max(a, b) for a, b in zip(state.today, scale, strict=True)]
    return Signal("burst", False)


def _losses(times: Sequence[float], levels: Sequence[float], longest: float) -> list[float]:
    """Percent lost over the last 1, 2 and 4 steps, as far as there is no gap in them."""
    losses = []
    for steps in SPANS:
        if len(times) <= steps or times[-1] - times[-1 - steps] > steps * longest:
            break
        losses.append(levels[-1 - steps] - levels[-1])
    return losses


def _usual(state: BurstState, index: int, hours: float, capacity: float) -> float:
    """Percent that the household has been seen to draw, or may be assumed to, in so many hours."""
    known = max(state.peaks[index], state.today[index])
    if state.days >= GUESS_DAYS:
        return known
    litres = next((most for limit, most in GUESS_LITRES if hours <= limit), GUESS_LITRES[-1][1])
    return max(known, litres / capacity * 100 * (1 - state.days / GUESS_DAYS) / FACTORS[index])
