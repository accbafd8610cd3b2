"""The tanks' mind over history, in event time, as if live: one tank after another, no database.

Readings of a tank are taken in the order of their own times, whatever their order in the file; every tank's
clock runs on to the last moment of the whole history, so that one that fell silent is noticed.
"""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray

from tanks.mind import SPACING_SECONDS, Findings, TankFacts, TankMind

Array = NDArray[np.float64]
Row = tuple[str | float, ...]

HEADERS: dict[str, tuple[str, ...]] = {
    "alerts": ("tank", "kind", "openedAt", "closedAt", "severity", "evidence"),
    "refills": ("tank", "at", "liters"),
    "forecasts": ("tank", "madeAt", "daysToEmptyP10", "daysToEmptyP50", "daysToEmptyP90"),
    "usage": ("tank", "date", "liters"),
}


@dataclass(frozen=True, slots=True)
class History:
    """One tank's readings: seconds since the epoch, increasing, and percent; and when history ends."""

    tank: str
    facts: TankFacts
    times: Array
    levels: Array
    end: float


def replay(history: History) -> dict[str, list[Row]]:
    """Live through one tank's history; rows for each of the files in HEADERS."""
    mind = TankMind(history.facts)
    fed = 0.0
    for at, level in zip(history.times.tolist(), history.levels.tolist(), strict=True):
        if at - fed >= SPACING_SECONDS:
            fed = at
            mind.observe(at, level)
    mind.finish(history.end)
    return rows_of(history.tank, mind.findings)


def replay_all(histories: Iterable[History], *, processes: int) -> Iterator[dict[str, list[Row]]]:
    """Replay tanks on several processes; results come in the tanks' order."""
    if processes <= 1:
        yield from map(replay, histories)
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from pool.imap(replay, histories, chunksize=4)


def rows_of(tank: str, found: Findings) -> dict[str, list[Row]]:
    """What was found, as rows of text and numbers."""
    alerts: dict[int, Row] = {}
    for alert in found.alerts:
        closed = moment(alert.closed_at) if alert.closed_at is not None else ""
        evidence = json.dumps(
            {
                name: moment(value) if name in ("from", "to") else value
                for name, value in alert.evidence.items()
            }
        )
        alerts[id(alert)] = (tank, alert.kind, moment(alert.opened_at), closed, alert.severity, evidence)
    return {
        "alerts": sorted(alerts.values(), key=lambda row: str(row[2])),
        "refills": [(tank, moment(refill.at), round(refill.litres, 1)) for refill in found.refills],
        "forecasts": [
            (
                tank,
                moment(made.made_at),
                round(made.empty.p10, 3),
                round(made.empty.p50, 3),
                round(made.empty.p90, 3),
            )
            for made in found.forecasts
        ],
        "usage": [
            (tank, date.fromordinal(day.ordinal).isoformat(), round(day.litres, 2)) for day in found.days
        ],
    }


def moment(seconds: float) -> str:
    """ISO 8601 in UTC with milliseconds and `Z`."""
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
