"""Sensor detectors: stuck, noisy, faulty, offline; and the noise each sensor shows at rest."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tanks.detectors.alerts import Signal

HOUR = 3600.0
FIRST_NOISE_PERCENT = 0.1
OFFLINE_AFTER = 12 * HOUR  # gaps of hours are common in the field
OFFLINE_LATEST = 24 * HOUR  # however long this sensor's own gaps have been
OFFLINE_INTERVALS = 4  # a sensor that reports twice a day is not offline after twelve hours
STUCK_CHANCE = 1e-6  # a run of like readings less likely than this is no coincidence
STUCK_CHANCE_IN_USE = 1e-3  # and this, when the household must have drawn water meanwhile, or be away
IN_USE_DAYS, IN_USE_NOISE = 0.4, 10.0  # of a usual day's use in the run, and so often the noise
LIKE, LIKE_QUANTILE = 0.5, 0.25  # of the noise; and of recent days
STUCK_SECONDS = 4 * HOUR
STUCK_SECONDS_NEW = 36 * HOUR  # a coarse sensor must first be known
STUCK_READINGS = 12
STUCK_FACTOR = 1.5  # times the longest run this sensor has shown at rest
STUCK_CLEAR_READINGS = 3
FAR_PERCENT = 2.0  # a lone reading so far off is a missed echo, and no sign of life
EDGE_PERCENT = 0.5  # an empty or a full tank rightly stays what it is
UNSEEN_FALL, UNSEEN_AN_HOUR = (
    20.0,
    75.0,
)  # unless it fell further (percent) to nothing than bursts empty tanks
FULL_DAYS = 1.0  # or stays full while so much of a day's use should have gone
FAULTY_SHARE, FAULTY_CLEAR_SHARE = 0.06, 0.02
FAULTY_MEMORY = 1 / 60
EQUAL_QUANTILE = 0.75  # of recent days: draws make readings differ, so the calmer days tell
SAME = 1e-9  # percent: readings that differ by less are equal
REST_HOURS, REST_STEPS = 5.0, 9
NOISY_FACTOR, NOISY_CLEAR_FACTOR = 5.0, 2.5
NOISY_PERCENT = 0.6
NOISY_GRAINS = 2.5  # a coarse sensor that flickers between two values is not noisy
NOISY_BOTH_WAYS = 0.25  # of the steps at least go up, and go down: draws go down alone, refills up


# what the household usually draws between two times (seconds): usual days of use, and percent of capacity
Use = Callable[[float, float], tuple[float, float]]


@dataclass(slots=True)
class SensorState:
    """What is known of one sensor. Levels and noise in percent, times in seconds."""

    last_at: float | None = None
    interval: float = 900.0
    longest_gap: float = 0.0
    noise: float = FIRST_NOISE_PERCENT
    noise_days: int = 0
    rest_equal: float = 0.3  # how often two successive readings at rest are alike
    recent_equal: list[float] = field(default_factory=list)
    like: float = LIKE * FIRST_NOISE_PERCENT  # percent: readings that differ by less are alike
    same_level: float = math.nan
    same_before: float = math.nan  # the reading before the run of like ones
    same_since: float = 0.0
    same_count: int = 0
    longest_same: float = 4.0  # the longest run of like readings that ended by itself
    moved_count: int = 0
    wild_share: float = 0.0
    received: int = 0
    recent_noise: list[float] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, document: dict[str, Any] | None) -> SensorState:
        return cls(**document) if document else cls()


def received(state: SensorState, at: float, level: float, *, use: Use | None = None) -> Signal | None:
    """Count in one reading as it came; says whether the sensor is stuck. `use`: what the household draws."""
    if state.last_at is not None and at > state.last_at:
        gap = at - state.last_at
        if gap < 4 * state.interval or state.received < 10:
            state.interval += 0.05 * (gap - state.interval)
        if gap > HOUR:
            state.longest_gap = max(state.longest_gap, gap)
    state.last_at = at
    state.received += 1
    if abs(level - state.same_level) <= state.like + SAME:
        state.same_count += 1
        state.moved_count = 0
        # of a last digit that flickers: its middle
        state.same_level += (level - state.same_level) / state.same_count
        return _stuck(state, at, level, use) if state.same_count >= STUCK_READINGS else None
    return _moved(state, at, level)


def _moved(state: SensorState, at: float, level: float) -> Signal | None:
    """A reading unlike the ones before it: the run has ended, unless it was long and this is a missed echo."""
    was_long = state.same_count >= STUCK_READINGS
    state.moved_count += 1
    far = abs(level - state.same_level) > FAR_PERCENT
    if was_long and far and state.moved_count < STUCK_CLEAR_READINGS:
        return None
    state.longest_same = max(state.longest_same, min(state.same_count, 2 * state.longest_same))
    away = abs(state.same_level - state.same_before) > FAR_PERCENT >= abs(level - state.same_before)
    if not (away and state.same_count == 1):  # a missed echo is no level to have come from
        state.same_before = state.same_level
    state.same_level = level
    state.same_since, state.same_count, state.moved_count = at, 1, 0
    return Signal("stuck", False) if was_long else None


def _stuck(state: SensorState, at: float, level: float, use: Use | None) -> Signal | None:
    """A run of like readings that neither chance nor a household at rest makes."""
    long = at - state.same_since >= (STUCK_SECONDS if state.noise_days >= 3 else STUCK_SECONDS_NEW)
    if not long or state.same_count < STUCK_FACTOR * state.longest_same:
        return None
    days = use(state.same_since, at) if use else (0.0, 0.0)
    if not _may_be_stuck_at(state, level, days[0]):
        return None
    in_use = days[0] >= IN_USE_DAYS and days[1] >= IN_USE_NOISE * state.noise
    chance = STUCK_CHANCE_IN_USE if in_use else STUCK_CHANCE
    if state.same_count * math.log(_most_alike(state.rest_equal)) > math.log(chance):
        return None
    evidence = {
        "levelPercent": level,
        "readings": state.same_count,
        "expectedNoisePercent": round(state.noise, 4),
        "from": state.same_since,
        "to": at,
    }
    return Signal("stuck", True, "warning", evidence)


def _may_be_stuck_at(state: SensorState, level: float, days: float) -> bool:
    if level <= EDGE_PERCENT:
        return state.same_before - level > max(UNSEEN_FALL, UNSEEN_AN_HOUR * state.interval / HOUR)
    return level < 100 - EDGE_PERCENT or days >= FULL_DAYS


def _most_alike(equal: float) -> float:
    """How often a reading repeats the one before at the middle of its cell, where a level rests the longest.

    `equal`: how often two successive readings are alike wherever the level is. For normal noise of σ and cells of
    width w they differ with a chance of about 1.128 σ/w, and in the middle of a cell a reading stays inside it
    with erf(w / (2√2 σ)).
    """
    width = 1.128 / (1 - equal)
    return min(math.erf(width / math.sqrt(8)), 1 - 1e-9)


def judged(state: SensorState, *, wild: bool, at: float) -> Signal | None:
    """Count in whether the last doubted reading was disproved; a sensor of which too many are is faulty."""
    state.wild_share += FAULTY_MEMORY * (float(wild) - state.wild_share)
    if state.wild_share > FAULTY_SHARE:
        evidence = {"suspectShare": round(state.wild_share, 3), "from": at - 2 * 86400.0, "to": at}
        return Signal("faulty", True, "warning", evidence)
    return Signal("faulty", False) if state.wild_share < FAULTY_CLEAR_SHARE else None


def offline(state: SensorState, *, now: float) -> Signal | None:
    """Silent for longer than gaps of hours explain, and than this sensor's own gaps so far."""
    if state.last_at is None:
        return None
    if now < offline_due(state):
        return Signal("offline", False)
    evidence = {
        "silentHours": round((now - state.last_at) / HOUR, 1),
        "usualMinutes": round(state.interval / 60, 1),
        "from": state.last_at,
        "to": now,
    }
    return Signal("offline", True, "warning", evidence)


def offline_due(state: SensorState) -> float:
    """When this sensor will be called offline if nothing more comes (seconds)."""
    wait = min(max(OFFLINE_AFTER, 1.3 * state.longest_gap), OFFLINE_LATEST)
    return (state.last_at or 0.0) + max(wait, OFFLINE_INTERVALS * state.interval)


@dataclass(frozen=True, slots=True)
class Rest:
    """What one day shows. `noise` (standard deviation, percent) and the share of `equal` steps: at rest.

    Of the whole day: the noise its steps would be (`unrest`), the least step (`grain`), and the lesser share of
    those that go up or down (`both_ways`).
    """

    noise: float
    equal: float
    unrest: float
    grain: float
    both_ways: float


def rest_of(times: NDArray[np.float64], levels: NDArray[np.float64], *, like: float = 0.0) -> Rest | None:
    """What a sensor shows in one local day. None if there are too few readings.

    Rest is looked for in the day's first hours. `like`: percent up to which readings are alike.
    """
    near = np.diff(times) < 2 * HOUR
    early = near & (times[1:] < times[0] + REST_HOURS * HOUR)
    steps = np.diff(levels)
    steps, night = steps[near], steps[early]
    if len(steps) < REST_STEPS:
        return None
    calm = np.abs(night if len(night) >= REST_STEPS else steps)
    distinct = calm[calm > SAME]
    least = float(distinct.min()) if len(distinct) else 0.0
    return Rest(
        noise=max(_noise_of(calm), least / math.sqrt(12)),
        equal=float((calm <= max(like, SAME)).mean()),
        unrest=_noise_of(np.abs(steps)),
        grain=float(np.abs(steps)[np.abs(steps) > SAME].min(initial=100.0)),
        both_ways=min(float((steps > SAME).mean()), float((steps < -SAME).mean())),
    )


def _noise_of(sizes: NDArray[np.float64]) -> float:
    """40 % of the differences of two readings with unit noise are under 0.741."""
    return float(np.quantile(sizes, 0.4)) / 0.741


def day_closed(state: SensorState, times: Sequence[float], levels: Sequence[float]) -> Signal | None:
    """Learn the noise from one day's believed readings; says whether the sensor has become noisy."""
    state.longest_gap *= 0.98
    state.longest_same = max(0.98 * state.longest_same, 4.0)
    rest = rest_of(np.asarray(times), np.asarray(levels), like=state.like)
    still = state.same_count >= STUCK_READINGS and state.same_since <= times[0]
    if rest is None or still:  # one level all day: nothing to learn
        return None
    usual = state.noise
    much = max(NOISY_FACTOR * usual, NOISY_PERCENT, NOISY_GRAINS * rest.grain)
    if state.noise_days >= 5 and rest.unrest > much and rest.both_ways >= NOISY_BOTH_WAYS:
        evidence = {
            "noisePercent": round(rest.unrest, 3),
            "usualPercent": round(usual, 3),
            "from": times[0],
            "to": times[-1],
        }
        return Signal("noisy", True, "warning", evidence)
    state.noise_days += 1
    state.recent_noise = [*state.recent_noise, rest.noise][-11:]
    state.recent_equal = [*state.recent_equal, rest.equal][-11:]
    state.noise = max(float(np.median(state.recent_noise)), 0.005)
    calm = float(np.quantile(state.recent_noise, LIKE_QUANTILE))  # of the calmer days: draws look like noise
    state.like = LIKE * max(calm, 0.005)
    state.rest_equal = min(max(float(np.quantile(state.recent_equal, EQUAL_QUANTILE)), 0.05), 0.97)
    return Signal("noisy", False) if rest.noise < max(NOISY_CLEAR_FACTOR * usual, NOISY_PERCENT) else None
