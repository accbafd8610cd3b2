"""What one tank's mind remembers, and what follows from it: use, habits, the coming days.

The state is bounded, and goes to and from a plain dict. Times: seconds since the epoch; levels: percent of capacity.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from tanks import leaks, quality, refills, usage
from tanks.demand import demand_fit
from tanks.detectors import burst, sensor
from tanks.detectors.alerts import Alert, AlertBook, Kind, Severity, Signal
from tanks.detectors.stuck import Due
from tanks.forecast import Forecast, forecast_make
from tanks.refills import Refill
from tanks.usage import DAY, HOUR, Array, Clock, DayUse, RefillSpan

KEEP_SECONDS = 40 * HOUR
NEVER = float("inf")
SEEN_SHARE = 0.25  # of the first day: less of it says nothing of the whole
USUAL_SHARE = 1 / 12  # of capacity a day, before the household is known


@dataclass(frozen=True, slots=True)
class TankFacts:
    """What does not change with readings. Percent of capacity for thresholds, days for `lead_days`."""

    capacity_liters: float
    timezone: str = "UTC"
    low_threshold: float = 25.0
    critical_threshold: float = 10.0
    lead_days: float = 1.0  # to the next possible delivery


@dataclass(slots=True)
class Findings:
    """What came out since the last look. An alert that opens and one that closes are both in `alerts`."""

    alerts: list[Alert] = field(default_factory=list)
    refills: list[Refill] = field(default_factory=list)
    days: list[DayUse] = field(default_factory=list)
    forecasts: list[Forecast] = field(default_factory=list)


class Memory:
    """One tank's state, and what it says; it changes by `tanks.mind` alone."""

    def __init__(self, facts: TankFacts, state: dict[str, Any] | None = None) -> None:
        document = state or {}
        self.facts = facts
        self.zone = ZoneInfo(facts.timezone)
        self._thresholds: tuple[tuple[Kind, Severity, float], ...] = (
            ("low", "warning", facts.low_threshold),
            ("critical", "critical", facts.critical_threshold),
        )
        self.findings = Findings()
        self.filter = quality.FilterState.from_dict(document.get("filter"))
        self.sensor = sensor.SensorState.from_dict(document.get("sensor"))
        self.burst = burst.BurstState.from_dict(document.get("burst"))
        self.refill = refills.RefillState.from_dict(document.get("refill"))
        self.usage = usage.UsageState.from_dict(document.get("usage"))
        self.leak = leaks.LeakState.from_dict(document.get("leak"))
        self.alerts = AlertBook.from_dict(document.get("alerts"))
        self.times: list[float] = list(document.get("times", []))
        self.levels: list[float] = list(document.get("levels", []))
        self.pending: list[list[float]] = [list(pair) for pair in document.get("pending", [])]
        self.spans = [RefillSpan(*span) for span in document.get("spans", [])]
        self.day = date.fromordinal(document["day"]) if document.get("day") else None
        self.moving_since: float = document.get("moving_since", 0.0)
        self.stage: int = document.get("stage", 0)
        self.due: float = document.get("due", 0.0)
        self.watch_at: float = document.get("watch_at", NEVER)
        self._know_habits()

    def to_dict(self) -> dict[str, Any]:
        """The whole state as a plain document."""
        return {
            "filter": self.filter.to_dict(),
            "sensor": self.sensor.to_dict(),
            "burst": self.burst.to_dict(),
            "refill": self.refill.to_dict(),
            "usage": self.usage.to_dict(),
            "leak": self.leak.to_dict(),
            "alerts": self.alerts.to_dict(),
            "times": self.times,
            "levels": self.levels,
            "pending": self.pending,
            "spans": [[span.start_at, span.end_at] for span in self.spans],
            "day": self.day.toordinal() if self.day else None,
            "moving_since": self.moving_since,
            "stage": self.stage,
            "due": self.due,
            "watch_at": self.watch_at,
        }

    def forecast(self, now: float, *, days: Sequence[DayUse] | None = None) -> Forecast:
        """Days to empty and to the low threshold, as of `now`."""
        known = self._whole_days(self.usage.days if days is None else days)
        demand = demand_fit(known, capacity=self.facts.capacity_liters)
        today = datetime.fromtimestamp(now, self.zone)
        volume = self._level_now() / 100 * self.facts.capacity_liters
        silent = max(now - self.times[-1], 0.0) / 86400.0 if self.times else 0.0
        volume = max(volume - silent * demand.litres, 0.0) if silent > 0.1 else volume
        return forecast_make(
            demand,
            made_at=now,
            volume=volume,
            low_volume=self.facts.low_threshold / 100 * self.facts.capacity_liters,
            weekday=today.weekday(),
            profile=self.usage.profile,
            elapsed=(today.hour * 60 + today.minute) / 1440,
        )

    def _whole_days(self, days: Sequence[DayUse]) -> Sequence[DayUse]:
        """Without the part of a day that the readings begin with; while it is all there is, made a whole one."""
        if not days or not days[0].estimated:
            return days
        if len(days) > 1:
            return days[1:]
        begun = self._local(date.fromordinal(days[0].ordinal))
        seen = 1 - max(self.times[0] - begun, 0.0) / DAY
        return [replace(days[0], litres=days[0].litres / seen)] if seen >= SEEN_SHARE else []

    def _level_now(self) -> float:
        """The level with its noise averaged out over the last readings since the last refill."""
        since = self.spans[-1].end_at if self.spans else 0.0
        recent = [level for at, level in zip(self.times[-40:], self.levels[-40:], strict=True) if at >= since]
        if len(recent) < 3 or self.refill.start_at is not None:
            return self.levels[-1]
        return float(usage.fall_only(np.asarray(recent))[-1])

    def _draw(self, clock: Clock) -> usage.Draw | None:
        """What the remembered levels show was drawn."""
        return usage.draw_from_levels(
            np.asarray(self.times),
            self._litres(),
            self._refill_spans(),
            clock=clock,
            daily_litres=self._daily(),
        )

    def _day_use(self, day: date) -> tuple[DayUse, Array] | None:
        clock = self._clock(day)
        draw = self._draw(clock)
        end = self._local(day + timedelta(days=1))
        if draw is None or draw.times[-1] <= clock.day_start or draw.times[0] >= end:
            return None
        hours = round((end - clock.day_start) / HOUR)
        return usage.day_use(draw, clock=clock, ordinal=day.toordinal(), hours=hours)

    def _use(self, start: float, end: float) -> Due:
        """What the household usually draws between two times."""
        begun, ended = self._clock().activity(np.array([start, end])).tolist()
        first_day = min(ended, math.floor(begun) + 1) - begun
        return Due(ended - begun, (ended - begun) * self._daily_percent, first_day * self._daily_percent)

    def _habit(self, at: float) -> burst.Habit:
        hour = int((at - self._midnight_at) // HOUR) % 24
        return burst.Habit(
            capacity=self.facts.capacity_liters,
            noise_percent=self.sensor.noise,
            interval=self.sensor.interval,
            daily_percent=self._daily_percent,
            hour_share=self._hour_shares[hour],
        )

    def _today(self) -> date:
        assert self.day is not None
        return self.day

    def _local(self, day: date, hour: int = 0) -> float:
        return datetime(day.year, day.month, day.day, hour, tzinfo=self.zone).timestamp()

    def _clock(self, day: date | None = None) -> Clock:
        return Clock(self._local(day or self._today()), self.usage.profile)

    def _know_habits(self) -> None:
        self._daily_percent = 100 * self._daily() / self.facts.capacity_liters
        self._hour_shares: list[float] = (24 * self.usage.profile).tolist()
        self._midnight_at = self._local(self.day) if self.day else 0.0

    def _daily(self) -> float:
        return self.usage.usual() or USUAL_SHARE * self.facts.capacity_liters

    def _litres(self) -> Array:
        return np.asarray(self.levels) / 100 * self.facts.capacity_liters

    def _noise_litres(self) -> float:
        return self.sensor.noise / 100 * self.facts.capacity_liters

    def _refill_spans(self) -> list[RefillSpan]:
        """Refills that have ended, and the one under way."""
        if self.refill.start_at is None:
            return list(self.spans)
        return [*self.spans, RefillSpan(self.refill.start_at, self.times[-1])]

    def _forget(self, now: float) -> None:
        keep = next((i for i, at in enumerate(self.times) if at >= now - KEEP_SECONDS), len(self.times) - 3)
        keep = max(min(keep, len(self.times) - 3), 0)
        self.times, self.levels = self.times[keep:], self.levels[keep:]
        self.spans = [span for span in self.spans if span.end_at >= now - KEEP_SECONDS]

    def _apply(self, signal: Signal | None, at: float) -> None:
        if signal is not None:
            self.findings.alerts.extend(self.alerts.apply(signal, at=at))
