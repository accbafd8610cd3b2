"""Sensor detectors: stuck, noisy, faulty, offline; and the noise each sensor shows at rest."""

from __future__ import annotations

import math
from collections.abc import Sequence
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
STUCK_CHANCE = 1e-9  # a run of like readings less likely than this is no coincidence
STUCK_SECONDS = 4 * HOUR
STUCK_SECONDS_NEW = 14 * HOUR  # a coarse sensor must first be known
STUCK_READINGS = 12
STUCK_FACTOR = 2.0  # times the longest run this sensor has shown at rest
STUCK_CLEAR_READINGS = 3
EDGE_PERCENT = 0.5  # an empty or a full tank rightly stays what it is
FAULTY_SHARE, FAULTY_CLEAR_SHARE = 0.3, 0.08
FAULTY_MEMORY = 1 / 40
REST_HOURS, REST_STEPS = 5.0, 9
NOISY_FACTOR, NOISY_CLEAR_FACTOR = 5.0, 2.5
NOISY_PERCENT = 0.6


@dataclass(slots=True)
class SensorState:
    """What is known of one sensor. Levels and noise in percent, times in seconds."""

    last_at: float | None = None
    interval: float = 900.0
    longest_gap: float = 0.0
    noise: float = FIRST_NOISE_PERCENT
    noise_days: int = 0
    rest_equal: float = 0.3  # how often two successive readings at rest are the same
    same_level: float = math.nan
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


def received(state: SensorState, at: float, level: float) -> Signal | None:
    """Count in one reading as it came; says whether the sensor is stuck."""
    if state.last_at is not None and at > state.last_at:
        gap = at - state.last_at
        if gap < 4 * state.interval or state.received < 10:
            state.interval += 0.05 * (gap - state.interval)
        if gap > HOUR:
            state.longest_gap = max(state.longest_gap, gap)
    state.last_at = at
    state.received += 1
    return _stuck(state, at, level)


def _stuck(state: SensorState, at: float, level: float) -> Signal | None:
    if abs(level - state.same_level) <= 0.25 * state.noise or level == state.same_level:
        state.same_count += 1
        state.moved_count = 0
    else:
        state.moved_count += 1
        if state.same_count < STUCK_READINGS or state.moved_count >= STUCK_CLEAR_READINGS:
            state.longest_same = max(state.longest_same, min(state.same_count, 2 * state.longest_same))
            state.same_level, state.same_since, state.same_count = level, at, 1
            return Signal("stuck", False) if state.moved_count >= STUCK_CLEAR_READINGS else None
        return None
    by_chance = math.log(STUCK_CHANCE) / math.log(math.sqrt(state.rest_equal))
    enough = max(STUCK_READINGS, by_chance, STUCK_FACTOR * state.longest_same)
    long = at - state.same_since >= (STUCK_SECONDS if state.noise_days >= 3 else STUCK_SECONDS_NEW)
    if state.same_count < enough or not long or not EDGE_PERCENT < level < 100 - EDGE_PERCENT:
        return None
    evidence = {
        "levelPercent": level,
        "readings": state.same_count,
        "expectedNoisePercent": round(state.noise, 4),
        "from": state.same_since,
        "to": at,
    }
    return Signal("stuck", True, "warning", evidence)


def judged(state: SensorState, *, suspect: bool, at: float) -> Signal | None:
    """Count in the filter's verdict; a sensor of which too much cannot be believed is faulty."""
    state.wild_share += FAULTY_MEMORY * (float(suspect) - state.wild_share)
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


def noise_of(times: NDArray[np.float64], levels: NDArray[np.float64]) -> tuple[float, float] | None:
    """Standard deviation at rest (percent) and the share of equal successive readings, from one local day.

    Both are taken from the day's first hours, when water rests most. None if there are too few readings.
    """
    near = np.diff(times) < 2 * HOUR
    early = near & (times[1:] < times[0] + REST_HOURS * HOUR)
    step = np.abs(np.diff(levels))
    step = step[early] if early.sum() >= REST_STEPS else step[near]
    if len(step) < REST_STEPS:
        return None
    low = float(np.quantile(step, 0.4)) / 0.741  # 40 % of |differences| of unit noise are under 0.741
    distinct = step[step > 1e-9]
    grain = float(distinct.min()) / math.sqrt(12) if len(distinct) else 0.0
    return max(low, grain), float((step <= 1e-9).mean())


def day_closed(state: SensorState, times: Sequence[float], levels: Sequence[float]) -> Signal | None:
    """Learn the noise from one day's believed readings; says whether the sensor has become noisy."""
    state.longest_gap *= 0.98
    state.longest_same = max(0.98 * state.longest_same, 4.0)
    measured = noise_of(np.asarray(times), np.asarray(levels))
    if measured is None or state.same_count >= STUCK_READINGS:
        return None
    noise, equal = measured
    state.rest_equal = min(max(equal, 0.97 * state.rest_equal, 0.05), 0.97)
    usual = state.noise
    if state.noise_days >= 5 and noise > max(NOISY_FACTOR * usual, NOISY_PERCENT):
        evidence = {
            "noisePercent": round(noise, 3),
            "usualPercent": round(usual, 3),
            "from": times[0],
            "to": times[-1],
        }
        return Signal("noisy", True, "warning", evidence)
    state.noise_days += 1
    state.recent_noise = [*state.recent_noise, noise][-11:]
    state.noise = max(float(np.median(state.recent_noise)), 0.005)
    return Signal("noisy", False) if noise < NOISY_CLEAR_FACTOR * usual else None
