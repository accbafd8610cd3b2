"""Readings summed up by intervals of time: pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tanks.readings import EPOCH, SUSPECT, Reading

LENGTHS = {"5m": timedelta(minutes=5), "1h": timedelta(hours=1), "1d": timedelta(days=1)}
REFILL_PERCENT = 1.5


def interval_start(at: datetime, length: timedelta) -> datetime:
    """The start of the interval that `at` lies in; intervals count from midnight UTC."""
    return EPOCH + (at - EPOCH) // length * length


@dataclass
class Summary:
    """One interval: levels in percent, use and refill in litres."""

    timestamp: datetime
    count: int = 0
    total: float = 0.0
    low: float = 100.0
    high: float = 0.0
    last: float = 0.0
    usage_liters: float = 0.0
    refill_liters: float = 0.0

    def add(self, reading: Reading, before: Reading | None) -> None:
        """Counts a reading, and the change since the one before it."""
        self.count += 1
        self.total += reading.level
        self.low = min(self.low, reading.level)
        self.high = max(self.high, reading.level)
        self.last = reading.level
        if before is None:
            return
        change = reading.volume_liters - before.volume_liters
        # Noise goes up and down alike and so cancels in the sum; only a real rise counts as a refill.
        if reading.level - before.level >= REFILL_PERCENT:
            self.refill_liters += change
        else:
            self.usage_liters -= change

    def payload(self) -> dict[str, Any]:
        return {
            "timestamp": self.timestamp,
            "avg": round(self.total / self.count, 3),
            "min": self.low,
            "max": self.high,
            "last": self.last,
            "count": self.count,
            "usageLiters": round(max(0.0, self.usage_liters), 3),
            "refillLiters": round(self.refill_liters, 3),
        }


def summarise(readings: Iterable[Reading], length: timedelta) -> Iterator[Summary]:
    """The intervals that have readings, oldest first. Readings come oldest first; suspect ones do not count."""
    summary: Summary | None = None
    before: Reading | None = None
    for reading in readings:
        if reading.quality == SUSPECT:
            continue
        start = interval_start(reading.timestamp, length)
        if summary is None or summary.timestamp != start:
            if summary is not None:
                yield summary
            summary = Summary(timestamp=start)
        summary.add(reading, before)
        before = reading
    if summary is not None:
        yield summary
