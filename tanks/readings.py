"""Readings: a clustered collection whose key is the reading's identity, so a second write is harmless.

Key, 12 bytes: the tank's series (4 bytes), the time in ms since 1970 (6), the tank's device slot (2; 0 is a
manual reading), all big-endian, so that bytes sort as (tank, time) and a range of time is a range of keys.
Document: `l` level in thousandths of a percent, `v` volume in millilitres, both whole numbers, which compress
well; `q` and `s` only where they are not `good` and `sensor`.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from struct import Struct
from typing import NamedTuple, Protocol

from pymongo import DESCENDING, UpdateOne
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError

from common.mongo import Document, database, find_few, insert_many_raw
from common.time import iso_ms

COLLECTION = "readings"
MANUAL_SLOT = 0
DUPLICATE_KEY = 11000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MAX_MS = 2**48 - 1
READ_AT_ONCE = 10_000
DAY_MS = 86_400_000

GOOD, SUSPECT, ESTIMATED = "good", "suspect", "estimated"
STORED_SUSPECT = 1
_QUALITY = {GOOD: 0, SUSPECT: STORED_SUSPECT, ESTIMATED: 2}
_QUALITY_NAMES = {code: name for name, code in _QUALITY.items()}
SENSOR = "sensor"
_SOURCE = {SENSOR: 0, "manual": 1, "estimated": 2}
_SOURCE_NAMES = {code: name for name, code in _SOURCE.items()}


class Reading(NamedTuple):
    """One reading of a tank: `level` in percent of capacity, `volume_liters`, `timestamp` UTC to the ms."""

    series: int
    timestamp: datetime
    level: float
    volume_liters: float
    source: str = "sensor"
    quality: str = GOOD
    slot: int = 1

    @property
    def ms(self) -> int:
        """Its time in ms since 1970."""
        return to_ms(self.timestamp)


class Row(Protocol):
    """A reading to be stored: of a tank's series and its device's slot, ms since 1970, percent, litres."""

    @property
    def series(self) -> int: ...
    @property
    def slot(self) -> int: ...
    @property
    def ms(self) -> int: ...
    @property
    def level(self) -> float: ...
    @property
    def volume_liters(self) -> float: ...
    @property
    def source(self) -> str: ...


def to_ms(at: datetime) -> int:
    since = at - EPOCH
    return since.days * DAY_MS + since.seconds * 1000 + since.microseconds // 1000


def from_ms(milliseconds: int) -> datetime:
    return EPOCH + timedelta(milliseconds=milliseconds)


_pack = Struct(">IQ").pack


def key(series: int, milliseconds: int, slot: int) -> bytes:
    return _pack(series, milliseconds << 16 | slot)


def documents(rows: Sequence[Row], qualities: Sequence[str]) -> list[Document]:
    """Readings as they are stored."""
    made: list[Document] = [
        {
            "_id": _pack(row.series, row.ms << 16 | row.slot),
            "l": round(row.level * 1000),
            "v": round(row.volume_liters * 1000),
        }
        for row in rows
    ]
    for one, row, quality in zip(made, rows, qualities, strict=True):
        if quality != GOOD:
            one["q"] = _QUALITY[quality]
        if row.source != SENSOR:
            one["s"] = _SOURCE[row.source]
    return made


def to_document(reading: Reading) -> Document:
    return documents([reading], [reading.quality])[0]


def from_document(document: Document) -> Reading:
    raw: bytes = document["_id"]
    return Reading(
        series=int.from_bytes(raw[:4], "big"),
        timestamp=from_ms(int.from_bytes(raw[4:10], "big")),
        level=document["l"] / 1000,
        volume_liters=document["v"] / 1000,
        source=_SOURCE_NAMES[document.get("s", 0)],
        quality=_QUALITY_NAMES[document.get("q", 0)],
        slot=int.from_bytes(raw[10:], "big"),
    )


def readings_collection() -> Collection[Document]:
    return database()[COLLECTION]


def insert(readings: Sequence[Reading]) -> set[int]:
    """Stores the readings; see `insert_documents`."""
    return insert_documents(documents(readings, [reading.quality for reading in readings]))


def insert_documents(documents: Sequence[Document]) -> set[int]:
    """Stores readings (majority, journaled); returns the indexes of those that were stored already.

    Any other write error is raised: nothing may be acknowledged then, and writing the batch again is harmless.
    """
    if not documents:
        return set()
    failures = insert_many_raw(COLLECTION, documents)
    if any(failure["code"] != DUPLICATE_KEY for failure in failures):
        raise BulkWriteError({"writeErrors": failures})
    return {failure["index"] for failure in failures}


def range_filter(series: int, start: datetime | None, before: tuple[int, int] | None) -> Document:
    """The keys of a tank from `start` (inclusive) up to `before`, a time in ms and a slot (exclusive)."""
    low = key(series, max(0, to_ms(start)) if start else 0, 0)
    high = key(series, *before) if before else key(series, MAX_MS, 2**16 - 1)
    return {"_id": {"$gte": low, "$lt": high}}


def newest(
    series: int, *, start: datetime | None = None, before: tuple[int, int] | None = None, limit: int
) -> list[Reading]:
    """Up to `limit` readings in the range (see `range_filter`), newest first."""
    found = newest_documents(series, start=start, before=before, limit=limit)
    return [from_document(document) for document in found]


def newest_documents(
    series: int, *, start: datetime | None = None, before: tuple[int, int] | None = None, limit: int
) -> list[Document]:
    """The same as stored."""
    return find_few(COLLECTION, range_filter(series, start, before), limit=limit, order=("_id", DESCENDING))


def place_of(document: Document) -> tuple[int, int]:
    """Time in ms and slot: where a stored reading stands in its series."""
    raw: bytes = document["_id"]
    return int.from_bytes(raw[4:10], "big"), int.from_bytes(raw[10:], "big")


def payloads(documents: Iterable[Document]) -> list[Document]:
    """Stored readings as the API tells them. A page holds hundreds: nothing is made on the way but this."""
    return [
        {
            "level": stored["l"] / 1000,
            "volumeLiters": stored["v"] / 1000,
            "timestamp": iso_ms(int.from_bytes(stored["_id"][4:10], "big")),
            "source": _SOURCE_NAMES[stored["s"]] if "s" in stored else SENSOR,
            "quality": _QUALITY_NAMES[stored["q"]] if "q" in stored else GOOD,
        }
        for stored in documents
    ]


def oldest_first(
    series: int, *, start: datetime | None = None, before: tuple[int, int] | None = None
) -> Iterator[Reading]:
    """All readings in the range (see `range_filter`) in order of time, streamed."""
    return map(from_document, oldest_documents(series, start=start, before=before))


def oldest_documents(
    series: int, *, start: datetime | None = None, before: tuple[int, int] | None = None
) -> Iterator[Document]:
    """The same as stored."""
    found = readings_collection().find(range_filter(series, start, before), batch_size=READ_AT_ONCE)
    return iter(found.sort("_id", 1))


def set_qualities(changes: Iterable[tuple[int, int, int, str]]) -> None:
    """Changes what is thought of stored readings: (series, ms, slot, quality) each. Missing ones are no error."""
    writes = [
        UpdateOne(
            {"_id": key(series, ms, slot)},
            {"$unset": {"q": ""}} if quality == GOOD else {"$set": {"q": _QUALITY[quality]}},
        )
        for series, ms, slot, quality in changes
    ]
    if writes:
        readings_collection().bulk_write(writes, ordered=False)


def delete_all(series: Iterable[int]) -> None:
    for one in series:
        readings_collection().delete_many(range_filter(one, None, None))
