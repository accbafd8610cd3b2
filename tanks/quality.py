"""Is this reading to be believed? An online spike filter with a tiny state, O(1) a reading.

A sensor's first reading is believed. A later one that jumps without cause is `suspect` until the next
reading confirms it: a lone missed echo never becomes the level of a tank, while a refill or a burst is
believed on its second consistent reading. Whatever was believed before, two readings that agree with
each other win, so an outlier taken as the first reading cannot poison the filter.

Levels are percent of capacity; times are seconds since the epoch. Pure Python on purpose: it runs once
a reading in the ingest pipeline.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Protocol

Quality = Literal["good", "suspect"]

RISE_PERCENT = 1.5  # noise, temperature drift and slosh; a true rise needs a refill, and waits for its proof
FALL_PERCENT = 2.0  # the same, and a draw between two readings
FALL_PERCENT_AN_HOUR = 8.0
LONGEST_TRUST_HOURS = 8.0  # the longer the silence the more may have been drawn, up to this
SETTLING_SECONDS = 3600.0  # water moves for a while after a confirmed jump
SETTLING_FACTOR = 2.0
ZERO_PERCENT = 0.5  # a restarted sensor, or one without an echo, says exactly this
ZERO_PROOFS = 4
UNSEEN_PERCENT = 2.0  # nothing falls further to zero without having been seen to fall
AWAY_ABOVE, AWAY_BELOW = 3, 2  # that many wild echoes in a row may agree with each other; more are water
BACK_SHARE = 0.7  # of the way back at least is made in one step
BACK_MARGIN = 0.2  # of the way, above where the level was before


@dataclass(slots=True)
class FilterState:
    """What the filter remembers of one sensor; `to_dict` gives plain floats for a document."""

    last_good_at: float | None = None
    last_good_level: float = 0.0
    pace: float = 0.0  # percent an hour of the last confirmed move, 0 when the water is at rest
    settling_until: float = 0.0
    suspect_at: float | None = None
    suspect_level: float = 0.0
    suspect_count: int = 0
    left_at: float | None = None  # the reading before a jump that was confirmed just now
    left_level: float = 0.0
    away: list[float] = field(default_factory=list)  # when it was read since; with the next it may be refuted

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, document: dict[str, Any] | None) -> FilterState:
        """The state of a document, unknown fields ignored; none gives a new sensor's state."""
        known = {name: value for name, value in (document or {}).items() if name in cls.__slots__}
        return cls(**known)


@dataclass(slots=True)
class Verdict:
    """The reading's quality, and the state to keep.

    `confirmed_suspect`: this reading proves the one at `confirmed_at` (seconds), until now suspect, right:
    the caller may store that one as good too. `refuted`: the times of readings until now believed that were
    wild echoes, as the level is back where it was.
    """

    quality: Quality
    confirmed_suspect: bool
    state: FilterState
    confirmed_at: float | None = None
    refuted: tuple[float, ...] = ()


def classify(*, state: FilterState, at: float, level_percent: float, source: str = "sensor") -> Verdict:
    """Judge one reading. A manual one is believed at once; a late one never changes the state."""
    last_at = state.last_good_at
    if level_percent != level_percent or level_percent in (float("inf"), float("-inf")):
        return Verdict("suspect", False, state)
    if last_at is None:
        return Verdict("good", False, FilterState(at, level_percent))
    if source == "manual":
        if at <= last_at:
            return Verdict("good", False, state)
        return Verdict("good", False, FilterState(at, level_percent))
    newest = last_at if state.suspect_at is None else max(last_at, state.suspect_at)
    if at <= newest:
        near = _is_plausible(state, at, level_percent) if at > last_at else _is_near(state, at, level_percent)
        return Verdict("good" if near else "suspect", False, state)
    if state.left_at is not None and _is_back(state, at, level_percent):
        return Verdict("good", False, FilterState(at, level_percent), refuted=tuple(state.away))
    if _is_plausible(state, at, level_percent):
        return Verdict("good", False, _at_rest(state, at, level_percent))
    if state.suspect_at is not None and _agree(state, at, level_percent):
        return _confirmed(state, at, level_percent)
    return Verdict("suspect", False, _suspecting(state, at, level_percent, 1))


class Timed(Protocol):
    """A reading as `plain_run` takes it: ms since 1970, percent."""

    @property
    def ms(self) -> int: ...
    @property
    def level(self) -> float: ...


def plain_run(state: FilterState, readings: Sequence[Timed], first: int) -> tuple[int, FilterState]:
    """Passes over the readings from `first` on that are plainly good: the index of the next, and the state then.

    What `classify` would say of them one by one, at a fraction of its cost: nearly all readings are later than the
    one before, of water at rest, and near it whatever the time between.
    """
    last_at, level = state.last_good_at, state.last_good_level
    unproven = state.suspect_at is not None or state.left_at is not None
    if last_at is None or last_at < 0 or unproven or state.pace or state.settling_until:
        return first, state
    index, count, at = first, len(readings), last_at
    while index < count:
        reading = readings[index]
        after, next_level = reading.ms / 1000, reading.level
        near = -FALL_PERCENT <= next_level - level <= RISE_PERCENT
        if not near or after <= at or next_level <= ZERO_PERCENT:
            break
        at, level = after, next_level
        index += 1
    return index, state if index == first else FilterState(at, level)


def _limits(hours: float, *, settling: bool) -> tuple[float, float]:
    """Largest rise and fall (percent) that need no proof after so many hours."""
    factor = SETTLING_FACTOR if settling else 1.0
    fall = FALL_PERCENT * factor + FALL_PERCENT_AN_HOUR * min(hours, LONGEST_TRUST_HOURS)
    return RISE_PERCENT * factor, fall


def _is_near(state: FilterState, at: float, level: float) -> bool:
    """For a late reading: could the level have been this, so long before the newest believed one?"""
    hours = ((state.last_good_at or at) - at) / 3600.0
    fall = FALL_PERCENT + FALL_PERCENT_AN_HOUR * min(hours, LONGEST_TRUST_HOURS)
    return -fall <= level - state.last_good_level <= fall


def _is_plausible(state: FilterState, at: float, level: float) -> bool:
    """Within what the last believed level, and the pace the water is moving at, allow without proof."""
    hours = (at - (state.last_good_at or 0.0)) / 3600.0
    step = level - state.last_good_level
    rise, fall = _limits(hours, settling=at <= state.settling_until)
    unseen = UNSEEN_PERCENT + FALL_PERCENT_AN_HOUR * min(hours, 0.5)
    if state.pace and at <= state.settling_until:
        onward = 1.5 * state.pace * hours
        rise += max(onward, 0.0)
        fall += max(-onward, 0.0)
        unseen += max(-onward, 0.0)
    if level <= ZERO_PERCENT and step < -unseen:
        return False  # nothing falls to zero unseen: more likely no echo, or a sensor that just restarted
    return -fall <= step <= rise


def _agree(state: FilterState, at: float, level: float) -> bool:
    """Does this reading tell the same story as the suspect one before it?"""
    hours = (at - (state.suspect_at or 0.0)) / 3600.0
    step = level - state.suspect_level
    jump = state.suspect_level - state.last_good_level
    rise, fall = _limits(hours, settling=True)
    if jump > 0:
        rise += jump
    else:
        fall += 3.0 * -jump  # the first reading of a burst may have seen but a part of its pace
    return -fall <= step <= rise


def _is_back(state: FilterState, at: float, level: float) -> bool:
    """Is the level, after a jump, at once where it was before it, less what may have been drawn?"""
    _, fall = _limits((at - (state.left_at or at)) / 3600.0, settling=False)
    away = state.last_good_level - state.left_level
    margin = min(BACK_MARGIN * abs(away), RISE_PERCENT)
    step = level - state.last_good_level
    at_once = -step / away >= BACK_SHARE if away else False
    return at_once and -fall <= level - state.left_level <= margin


def _at_rest(state: FilterState, at: float, level: float) -> FilterState:
    """The state after a reading that needs no proof."""
    after = FilterState(at, level)
    if at <= state.settling_until:
        now = (level - state.last_good_level) / max((at - (state.last_good_at or at)) / 3600.0, 1 / 60)
        slower = min(max(now, 0.0), state.pace) if state.pace > 0 else max(min(now, 0.0), state.pace)
        after.pace, after.settling_until = slower, state.settling_until
    most = AWAY_ABOVE if state.last_good_level > state.left_level else AWAY_BELOW
    if state.left_at is not None and len(state.away) < most:
        after.left_at, after.left_level, after.away = state.left_at, state.left_level, [*state.away, at]
    return after


def _suspecting(state: FilterState, at: float, level: float, count: int) -> FilterState:
    return replace(state, suspect_at=at, suspect_level=level, suspect_count=count)


def _confirmed(state: FilterState, at: float, level: float) -> Verdict:
    count = state.suspect_count + 1
    fell = state.suspect_level - level
    unseen = UNSEEN_PERCENT + FALL_PERCENT_AN_HOUR * min((at - (state.suspect_at or at)) / 3600.0, 0.5)
    if level <= ZERO_PERCENT and (fell == 0.0 or fell > unseen) and count < ZERO_PROOFS:
        return Verdict("suspect", False, _suspecting(state, at, level, count))
    suspect_at = state.suspect_at or at
    hours = max((at - (state.last_good_at or suspect_at)) / 3600.0, 1 / 60)
    pace = (level - state.last_good_level) / hours
    after = FilterState(
        at,
        level,
        pace,
        at + SETTLING_SECONDS,
        left_at=state.last_good_at,
        left_level=state.last_good_level,
        away=[suspect_at, at],
    )
    return Verdict("good", True, after, suspect_at)
