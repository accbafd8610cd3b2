"""History from another system: a CSV file's readings, stored each once, behind what is known of today.

They go the way of late readings: judged, stored in their place, and the current level moves on only where nothing
newer is known. Alerts, orders and live events follow from devices alone.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from bson import ObjectId

from common.mongo import collection, object_id
from common.time import utc_now
from iot.decoders import times
from iot.decoders.base import DecodeError
from iot.ingest.known import KnownTank, known_tank
from tanks.geometry import GeometryError, level_and_volume
from tanks.mind_queue import minds_touch
from tanks.models import Device
from tanks.readings import MANUAL_SLOT, SENSOR, from_ms, to_ms
from tanks.services.readings import Candidate, readings_record, states_load

ROWS_AT_ONCE = 5_000
LONGEST_LINE = 4_096
FIRST_SLOT = 1  # of a tank that has no device: the one its first would get
QUANTITIES = {
    "level": "level_percent",
    "volumeLiters": "volume_liters",
    "distanceMm": "distance_mm",
    "depthMm": "depth_mm",
}
NAMES = {
    "timestamp": ("timestamp", "time", "datetime"),
    "level": ("level", "levelpercent", "percent"),
    "volumeLiters": ("volumeliters", "volumelitres", "liters", "litres"),
    "distanceMm": ("distancemm",),
    "depthMm": ("depthmm",),
    "tankId": ("tankid", "tank"),
    "deviceId": ("deviceid", "device"),
    "source": ("source",),
}


class HistoryError(Exception):
    """The file as a whole cannot be used."""


class RowError(Exception):
    """A row that is left out, and why."""


@dataclass(slots=True)
class Counts:
    rows: int = 0
    stored: int = 0
    duplicates: int = 0
    refused: int = 0


@dataclass(slots=True)
class Target:
    tank: KnownTank
    slot: int


@dataclass
class History:
    """A file being read. `offset` and `line` are those of the next row; both survive in `Progress`."""

    path: Path
    tank: str | None = None
    timezone: str | None = None
    rows_at_once: int = ROWS_AT_ONCE
    offset: int = 0
    line: int = 1
    counts: Counts = field(default_factory=Counts)
    problems: list[str] = field(default_factory=list)  # of the last chunk

    def __post_init__(self) -> None:
        self.now = utc_now()
        self._zone = ZoneInfo(self.timezone) if self.timezone else None
        self._targets: dict[tuple[str, str], Target | None] = {}
        with self.path.open("rb") as file:
            header = file.readline(LONGEST_LINE).decode("utf-8-sig", "replace")
            self._body = file.tell()
        self._delimiter = max(",;\t", key=header.count)
        self._columns = _columns(next(csv.reader([header], delimiter=self._delimiter), []))
        self._check_columns()

    def _check_columns(self) -> None:
        if "timestamp" not in self._columns:
            raise HistoryError(f"no column of times: name one of {', '.join(NAMES['timestamp'])}")
        if not self._columns.keys() & QUANTITIES.keys():
            raise HistoryError(f"no column of levels: name one {', '.join(QUANTITIES)}")
        if self.tank is None and not self._columns.keys() & {"tankId", "deviceId"}:
            raise HistoryError("whose readings? Give --tank, or a column tankId or deviceId")
        if self.tank is not None and self._target("tankId", self.tank) is None:
            raise HistoryError(f"no tank {self.tank}")

    def chunks(self) -> Iterator[Counts]:
        """Stores the rest of the file, a few thousand rows at a time; the counts so far after each.

        Raises PyMongoError: what is stored then is stored, and going on from `offset` is harmless.
        """
        with self.path.open("rb") as file:
            file.seek(max(self.offset, self._body))
            while lines := _lines(file, self.rows_at_once):
                self._store(lines)
                self.offset, self.line = file.tell(), self.line + len(lines)
                yield self.counts

    def _store(self, lines: Sequence[str]) -> None:
        self.problems = []
        candidates: list[Candidate] = []
        tanks: dict[int, KnownTank] = {}
        for number, line in enumerate(lines, self.line + 1):
            if not line.strip():
                continue
            self.counts.rows += 1
            try:
                cells = next(csv.reader([line], delimiter=self._delimiter), [])
                target, candidate = self._candidate(cells)
            except (RowError, DecodeError, GeometryError, csv.Error) as error:
                self._refuse(number, getattr(error, "detail", str(error)))
                continue
            tanks[target.tank.series] = target.tank
            candidates.append(candidate)
        if not candidates:
            return
        states = states_load(tank.id for tank in tanks.values())
        kept = [candidate for candidate in candidates if candidate.series in states]
        recorded = readings_record(candidates=kept, states=states)
        self.counts.refused += len(candidates) - len(kept)
        self.counts.duplicates += len(recorded.duplicates)
        self.counts.stored += len(kept) - len(recorded.duplicates)
        oldest: dict[ObjectId, datetime] = {}
        for index, candidate in enumerate(kept):
            if index not in recorded.duplicates:
                tank_id, at = tanks[candidate.series].id, from_ms(candidate.ms)
                oldest[tank_id] = min(at, oldest.get(tank_id, at))
        minds_touch(oldest.keys(), oldest)

    def _refuse(self, number: int, why: str) -> None:
        self.counts.refused += 1
        self.problems.append(f"line {number}: {why}")

    def _candidate(self, cells: Sequence[str]) -> tuple[Target, Candidate]:
        row = {name: cells[at].strip() for name, at in self._columns.items() if at < len(cells)}
        target = self._owner(row)
        given = {name: row[name] for name in QUANTITIES if row.get(name)}
        if not given:
            raise RowError("no level")
        # A file that has several, as this product's own does, says the same in each.
        name, text = next(iter(given.items()))
        level, volume = level_and_volume(
            capacity_liters=target.tank.capacity,
            geometry=target.tank.geometry,
            **{QUANTITIES[name]: self._number(text)},
        )
        manual = row.get("source") == "manual"
        at = to_ms(self._time(row.get("timestamp", "")))
        slot = MANUAL_SLOT if manual else target.slot
        source = "manual" if manual else SENSOR
        return target, Candidate(target.tank.series, slot, at, level, volume, source)

    def _owner(self, row: Mapping[str, str]) -> Target:
        for column in ("tankId", "deviceId"):
            if row.get(column):
                target = self._target(column, row[column])
                if target is None:
                    raise RowError(f"no tank for {column} {row[column]}")
                return target
        target = self._target("tankId", self.tank) if self.tank else None
        if target is None:
            raise RowError("the row names no tank")
        return target

    def _target(self, column: str, name: str) -> Target | None:
        asked = (column, name)
        if asked not in self._targets:
            self._targets[asked] = _target_of(column, name)
        return self._targets[asked]

    def _number(self, text: str) -> float:
        try:
            return float(text.replace(",", ".") if self._delimiter != "," else text)
        except ValueError:
            raise RowError(f"{text[:40]!r} is not a number") from None

    def _time(self, text: str) -> datetime:
        if re.fullmatch(r"\d+(\.\d+)?", text):
            return times.parse_timestamp(float(text), self.now)
        if self._zone is not None:
            try:
                at = datetime.fromisoformat(text)
            except ValueError:
                raise RowError(f"{text[:40]!r} is not a time") from None
            if at.tzinfo is None:
                return times.checked(at.replace(tzinfo=self._zone), self.now)
        return times.parse_timestamp(text, self.now)


def _columns(header: Sequence[str]) -> dict[str, int]:
    """Where each column that is understood stands."""
    plain = [re.sub(r"[^a-z]", "", cell.lower()) for cell in header]
    return {name: plain.index(word) for name, words in NAMES.items() for word in words[::-1] if word in plain}


def _lines(file: BinaryIO, most: int) -> list[str]:
    lines: list[str] = []
    while len(lines) < most and (line := file.readline()):
        lines.append(line[:LONGEST_LINE].decode("utf-8", "replace"))
    return lines


def _target_of(column: str, name: str) -> Target | None:
    found: dict[str, Any] | None
    if column == "tankId":
        tank_id = object_id(name)
        found = collection(Device).find_one({"tank_id": tank_id}, ["slot"]) if tank_id else None
    else:
        found = collection(Device).find_one({"device_id": name}, ["slot", "tank_id"])
        tank_id = found.get("tank_id") if found else None
    tank = known_tank(tank_id) if tank_id else None
    return Target(tank, found["slot"] if found else FIRST_SLOT) if tank else None
