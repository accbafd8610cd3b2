"""The backtest's input files: read in blocks, checked row by row, errors that name the line."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice, pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from tanks.backtest import History
from tanks.mind import TankFacts

TANK_COLUMNS = ("tank", "capacityLiters", "timezone", "lowWaterThreshold")
READING_COLUMNS = ("tank", "timestamp", "level")
BLOCK_BYTES = 2 << 20
SAME_END = 86400.0  # seconds
FIRST, LAST = (datetime(year, 1, 1, tzinfo=UTC).timestamp() for year in (1970, 2100))
LEAST, MOST = -1.0, 101.0  # percent; between these a sensor's noise, beyond them nothing that was measured
DECIMALS = 3  # of a percent, as readings are stored
SHOWN = 40  # characters of a bad value


class BadFile(Exception):
    """What is wrong with an input file, and where: to be shown as it is."""


@dataclass(slots=True)
class Readings:
    """All readings, sorted by tank (index into the tanks) and time; `skipped` had no possible level."""

    tank: NDArray[np.int32]
    time: NDArray[np.float64]
    level: NDArray[np.float32]
    skipped: int


def tanks_read(path: Path) -> dict[str, TankFacts]:
    """Tanks by name, in the file's order."""
    tanks: dict[str, TankFacts] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            _check_columns(path, rows.fieldnames or [], TANK_COLUMNS)
            for row in rows:
                where = f"{path.name} line {rows.line_num}"
                if None in row or None in row.values():
                    raise BadFile(f"{where}: not as many columns as line 1")
                name = row["tank"].strip()
                if not name:
                    raise BadFile(f"{where}: no tank named")
                if name in tanks:
                    raise BadFile(f"{where}: tank {name!r} is there twice")
                tanks[name] = _facts(row, where)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadFile(f"{path}: cannot be read: {error}") from error
    if not tanks:
        raise BadFile(f"{path.name}: has no tank")
    return tanks


def _facts(row: dict[str, str], where: str) -> TankFacts:
    zone = row["timezone"].strip() or "UTC"
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadFile(f"{where}: {zone!r} is not a time zone") from error
    capacity = _number(row["capacityLiters"], where, "capacityLiters")
    threshold = _number(row["lowWaterThreshold"] or "25", where, "lowWaterThreshold")
    if capacity <= 0:
        raise BadFile(f"{where}: capacityLiters must be more than 0, not {capacity:g}")
    if not 0 <= threshold <= 100:
        raise BadFile(f"{where}: lowWaterThreshold is a percentage, not {threshold:g}")
    return TankFacts(capacity, zone, threshold, critical_threshold=min(10.0, threshold * 0.5))


def _number(text: str, where: str, column: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadFile(f"{where}: {column} {text!r} is not a number")
    return value


def _check_columns(path: Path, found: Sequence[str], wanted: tuple[str, ...]) -> None:
    missing = [column for column in wanted if column not in found]
    if missing:
        raise BadFile(f"{path.name} line 1: no column {', '.join(missing)} (found: {', '.join(found)})")


def readings_read(path: Path, tanks: dict[str, TankFacts], *, progress: Callable[[int], None]) -> Readings:
    """All readings of the file, in whatever order it has them. `progress` is told the bytes read so far."""
    index = {name: number for number, name in enumerate(tanks)}
    names, times, levels = [], [], []
    rows = skipped = 0
    try:
        with pa.OSFile(str(path)) as raw:
            reader = pacsv.open_csv(
                raw,
                read_options=pacsv.ReadOptions(block_size=BLOCK_BYTES, use_threads=False),
                convert_options=pacsv.ConvertOptions(
                    column_types=dict.fromkeys(READING_COLUMNS, pa.string()), strings_can_be_null=False
                ),
            )
            _check_columns(path, reader.schema.names, READING_COLUMNS)
            for batch in reader:
                block = Block(path, rows, batch)
                level = block.levels()
                known = (level > LEAST) & (level < MOST)
                names.append(block.tanks(index)[known])
                times.append(block.times()[known])
                levels.append(level[known].clip(0, 100))
                rows += batch.num_rows
                skipped += int((~known).sum())
                progress(raw.tell())
    except OSError as error:
        raise BadFile(f"{path.name}: cannot be read: {error}") from error
    except pa.ArrowInvalid as error:
        raise _misshapen(path) or BadFile(f"{path.name}: cannot be read: {error}") from error
    if not rows:
        raise BadFile(f"{path.name}: has no reading")
    columns = [np.concatenate(parts) for parts in (names, times, levels)]
    for parts in (names, times, levels):
        parts.clear()
    pa.default_memory_pool().release_unused()
    return _sorted(columns, skipped)


def _sorted(columns: list[NDArray[Any]], skipped: int) -> Readings:
    """By tank and time; each column is given up as soon as it is sorted."""
    order = np.lexsort((columns[1], columns[0])).astype(np.int32)
    for index in range(len(columns)):
        columns[index] = columns[index][order]
    tank, time, level = columns
    return Readings(tank, time, level, skipped)


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not empty, each with its line: slow, and only to say where a fault is."""
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        rows = csv.reader(file)
        for row in rows:
            if row:
                yield rows.line_num, row


def _misshapen(path: Path) -> BadFile | None:
    """What to say of the first row that has not as many columns as the header."""
    rows = _rows(path)
    wanted = len(next(rows, (0, []))[1])
    for line, row in rows:
        if len(row) != wanted:
            return BadFile(f"{path.name} line {line}: {len(row)} columns, not {wanted}")
    return None


@dataclass(slots=True)
class Block:
    """Some rows of READINGS.csv, after `before` earlier ones."""

    path: Path
    before: int
    batch: pa.RecordBatch

    def _fail(self, row: int, column: str, value: str, said: str) -> BadFile:
        line, _ = next(islice(_rows(self.path), self.before + row + 1, None))
        shown = value if len(value) <= SHOWN else value[:SHOWN] + "…"
        return BadFile(f"{self.path.name} line {line}: {column} {shown!r} {said}")

    def levels(self) -> NDArray[np.float32]:
        """Percent; not a number where the level is empty."""
        text = pc.utf8_trim_whitespace(self.batch.column("level"))
        filled = pc.if_else(pc.equal(text, ""), "nan", text)
        try:
            return np.asarray(pc.cast(filled, pa.float32()), dtype=np.float32)
        except pa.ArrowInvalid:
            return np.array([self._level(row, value) for row, value in enumerate(filled.to_pylist())])

    def _level(self, row: int, text: str) -> np.float32:
        try:
            return np.float32(text)
        except ValueError:
            raise self._fail(row, "level", text, "is not a number") from None

    def times(self) -> NDArray[np.float64]:
        """Seconds since the epoch; a time without a zone is taken as UTC."""
        text = pc.utf8_trim_whitespace(self.batch.column("timestamp"))
        for kind in (pa.timestamp("ms", "UTC"), pa.timestamp("ms")):
            try:
                stamps = pc.cast(text, kind)
            except pa.ArrowInvalid:
                continue
            times = np.asarray(pc.cast(stamps, pa.int64()), dtype=np.float64) / 1000
            break
        else:
            times = np.array([self._moment(row, value) for row, value in enumerate(text.to_pylist())])
        if (strange := (times < FIRST) | (times >= LAST)).any():
            row = int(np.argmax(strange))
            raise self._fail(row, "timestamp", text[row].as_py(), "is not of the years 1970 to 2099")
        return times

    def _moment(self, row: int, text: str) -> float:
        try:
            moment = datetime.fromisoformat(text)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            raise self._fail(row, "timestamp", text, "is not an ISO 8601 time") from None

    def tanks(self, index: dict[str, int]) -> NDArray[np.int32]:
        coded = pc.dictionary_encode(pc.utf8_trim_whitespace(self.batch.column("tank")))
        names: list[str] = coded.dictionary.to_pylist()
        codes = np.asarray(coded.indices)
        for code, name in enumerate(names):
            if name not in index:
                raise self._fail(int(np.argmax(codes == code)), "tank", name, "is not in the tanks' file")
        return np.array([index[name] for name in names], dtype=np.int32)[codes]


def histories(tanks: dict[str, TankFacts], readings: Readings) -> Iterator[History]:
    """Each tank's own history, one reading a moment, in the order of the tanks' file.

    A tank's clock runs on to the end of the whole history, so that its silence is noticed; but where most
    tanks end at other times, the file is a collection of separate histories, and each ends with itself.
    """
    edges = np.searchsorted(readings.tank, np.arange(len(tanks) + 1))
    last = np.array([readings.time[b - 1] for a, b in pairwise(edges) if b > a])
    end = float(last.max()) if len(last) else 0.0
    together = float((last > end - SAME_END).mean()) >= 0.5 if len(last) else True
    for number, (name, facts) in enumerate(tanks.items()):
        part = slice(int(edges[number]), int(edges[number + 1]))
        times = readings.time[part]
        first = np.concatenate([[True], np.diff(times) > 0]) if len(times) else np.zeros(0, dtype=bool)
        levels = readings.level[part].astype(np.float64).round(DECIMALS)
        own_end = end if together or not len(times) else float(times[-1])
        yield History(name, facts, times[first], levels[first], own_end)
