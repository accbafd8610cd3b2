"""Readings summed up by intervals of time: pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from common.mongo import Document
from tanks.readings import EPOCH, STORED_SUSPECT, from_ms, to_ms

LENGTHS = {"5m": timedelta(minutes=5), "1h": timedelta(hours=1), "1d": timedelta(days=1)}
REFILL = 1_500  # thousandths of a percent between two readings


def interval_start(at: datetime, length: timedelta) -> datetime:
    """The start of the interval that `at` lies in; intervals count from midnight UTC."""
    return EPOCH + (at - EPOCH) // length * length


@dataclass(slots=True)
class Summary:
    """One interval, in whole numbers as readings are stored: ms, thousandths of a percent, millilitres."""

    start: int
    low: int
    high: int
    count: int = 0
    total: int = 0
    last: int = 0
    usage: int = 0
    refill: int = 0

    @property
    def timestamp(self) -> datetime:
        return from_ms(self.start)

    @property
    def last_level(self) -> float:
        """Percent."""
        return self.last / 1000

    def payload(self) -> dict[str, Any]:
        return {
            "timestamp": self.timestamp,
            "avg": round(self.total / self.count / 1000, 3),
            "min": self.low / 1000,
            "max": self.high / 1000,
            "last": self.last_level,
            "count": self.count,
            "usageLiters": max(0, self.usage) / 1000,
            "refillLiters": self.refill / 1000,
        }


def summarise(documents: Iterable[Document], length: timedelta) -> Iterator[Summary]:
    """The intervals that have readings, oldest first, of stored readings, oldest first; suspect ones do not count.

    A page may be of tens of thousands of readings: nothing is made of each on the way.
    """
    step = to_ms(EPOCH + length)
    end = level_before = volume_before = 0
    summary: Summary | None = None
    for stored in documents:
        if "q" in stored and stored["q"] == STORED_SUSPECT:
            continue
        level, volume = stored["l"], stored["v"]
        ms = int.from_bytes(stored["_id"][4:10], "big")
        first = summary is None
        if summary is None or ms >= end:
            if summary is not None:
                yield summary
            start = ms // step * step
            end = start + step
            summary = Summary(start, level, level)
        summary.count += 1
        summary.total += level
        summary.last = level
        if level < summary.low:
            summary.low = level
        elif level > summary.high:
            summary.high = level
        if not first:
            # Noise goes up and down alike and so cancels in the sum; only a real rise counts as a refill.
            if level - level_before >= REFILL:
                summary.refill += volume - volume_before
            else:
                summary.usage += volume_before - volume
        level_before, volume_before = level, volume
    if summary is not None:
        yield summary
