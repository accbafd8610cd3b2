"""Sensor detectors: noisy, faulty, offline (and stuck, by `stuck`); and the noise each sensor shows at rest."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tanks.detectors import stuck
from tanks.detectors.alerts import Signal
from tanks.detectors.stuck import SAME, StuckState, Use

HOUR = 3600.0
FIRST_NOISE_PERCENT = 0.1
OFFLINE_AFTER = 12 * HOUR  # gaps of hours are common in the field
OFFLINE_LATEST = 24 * HOUR  # however long this sensor's own gaps have been
OFFLINE_INTERVALS = 4  # a sensor that reports twice a day is not offline after twelve hours
FAULTY_SHARE, FAULTY_CLEAR_SHARE = 0.06, 0.02
FAULTY_MEMORY = 1 / 60
REST_HOURS, REST_STEPS = 5.0, 9
NOISY_FACTOR, NOISY_CLEAR_FACTOR = 5.0, 2.5
NOISY_PERCENT = 0.6
NOISY_GRAINS = 2.5  # a coarse sensor that flickers between two values is not noisy
NOISY_BOTH_WAYS = 0.25  # of the steps at least go up, and go down: draws go down alone, refills up


@dataclass(slots=True)
class SensorState:
    """What is known of one sensor. Levels and noise in percent, times in seconds."""

    last_at: float | None = None
    interval: float = 900.0
    longest_gap: float = 0.0
    noise: float = FIRST_NOISE_PERCENT
    noise_days: int = 0
    wild_share: float = 0.0
    received: int = 0
    recent_noise: list[float] = field(default_factory=list)
    stuck: StuckState = field(default_factory=StuckState)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, document: dict[str, Any] | None) -> SensorState:
        if not document:
            return cls()
        return cls(**{**document, "stuck": StuckState.from_dict(document["stuck"])})


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
    return stuck.received(state.stuck, at, level, noise=state.noise, interval=state.interval, use=use)


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
    """What one day shows. `noise` (standard deviation, percent) and its `steps` there: at rest.

    Of the whole day: the noise its steps would be (`unrest`), the least step (`grain`), and the lesser share of
    those that go up or down (`both_ways`).
    """

    noise: float
    steps: NDArray[np.float64]
    unrest: float
    grain: float
    both_ways: float


def rest_of(times: NDArray[np.float64], levels: NDArray[np.float64]) -> Rest | None:
    """What a sensor shows in one local day. None if there are too few readings.

    Rest is looked for in the day's first hours.
    """
    near = np.diff(times) < 2 * HOUR
    early = near & (times[1:] < times[0] + REST_HOURS * HOUR)
    steps = np.diff(levels)
    steps, night = steps[near], steps[early]
    if len(steps) < REST_STEPS:
        return None
    quiet = night if len(night) >= REST_STEPS else steps
    calm = np.abs(quiet)
    distinct = calm[calm > SAME]
    least = float(distinct.min()) if len(distinct) else 0.0
    return Rest(
        noise=max(_noise_of(calm), least / math.sqrt(12)),
        steps=quiet,
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
    stuck.day_passed(state.stuck)
    rest = rest_of(np.asarray(times), np.asarray(levels))
    still = state.stuck.like.count >= stuck.READINGS and state.stuck.like.since <= times[0]
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
    state.noise = max(float(np.median(state.recent_noise)), 0.005)
    stuck.day_closed(state.stuck, rest.steps, grain=rest.grain)
    return Signal("noisy", False) if rest.noise < max(NOISY_CLEAR_FACTOR * usual, NOISY_PERCENT) else None
