"""Live events: written once to Redis streams, from where each web process hands them to its sockets.

An audience is a user's id, or the word `admins` for every administrator. Audiences are spread over `SHARDS`
streams; an entry stands once in each stream that one of its audiences belongs to, so that a socket follows only
the one or two streams of its own audiences, live and when it resumes. Stream ids are the events' ids.

Nothing is written for an audience that no socket has belonged to for over an hour (`PRESENT`, kept by the web
processes for `PRESENT_MS` beyond the last socket): nobody then holds an id of the last hour to resume from, so
leaving it out makes no gap. A fleet's levels therefore cost the stream only what is being watched.

When Redis does not answer, events are dropped and their audiences remembered; the first thing written afterwards
tells those audiences to fetch anew (`reset`).
"""

import logging
import threading
import time
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from bson import ObjectId
from redis import RedisError

from common.json import camelize, dumps
from common.redis import client
from common.time import utc_now

log = logging.getLogger(__name__)

ADMINS = "admins"
SHARDS = 64
KEEP_MS = 3_600_000
TRIM_MS = KEEP_MS + 60_000  # so that what may be asked for is not trimmed while it is being read
PRESENT = "live:present"
PRESENT_MS = KEEP_MS + 600_000
FEW_WORDS = 20  # asked for by name, whatever the number of those present
# All events of a batch in one call: a command each costs a producer of thousands four times as much.
ADD_ALL = """
for at = 3, #ARGV, 4 do
    redis.call('XADD', KEYS[tonumber(ARGV[at])], 'MINID', '~', ARGV[1], '*',
        'to', ARGV[at + 1], ARGV[at + 2], ARGV[at + 3])
end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[2]) end
"""
ROW, ROWS_AT_ONCE = 4, 1_000
OUTAGE_PAUSE_SECONDS = 1.0
REMEMBERED_AUDIENCES = 100_000


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """`data` is what the API's GET of the same thing answers, in snake_case or camelCase; `at` is UTC."""

    audience: Iterable[ObjectId | str]
    type: str
    data: Mapping[str, Any]
    at: datetime = field(default_factory=utc_now)


def event_publish(
    *,
    audience: Iterable[ObjectId | str],
    type: str,  # the event's own word for it
    data: Mapping[str, Any],
    at: datetime | None = None,
) -> None:
    """Tell everyone in `audience` who is connected or can still resume. Never raises, see `events_publish`."""
    events_publish([LiveEvent(audience, type, data, at or utc_now())])


def events_publish(events: Sequence[LiveEvent], *, present: set[str] | None = None) -> None:
    """Write many events in two round trips, in their order; in one where `audiences_present` said who is `present`.

    Never raises and never waits long: without Redis the events are lost, which is logged once an outage, and
    their audiences are told to fetch anew when it is back.
    """
    addressed = [(event, [str(word) for word in event.audience]) for event in events]
    words = {word for _, audience in addressed for word in audience}
    if not words:
        return
    if time.monotonic() < _outage.until:
        _outage.remember(words)
        return
    missed = _outage.recall()
    try:
        _write(addressed, words, missed, present)
    except RedisError as error:
        _outage.begin(words | missed, error)
    else:
        _outage.end()


def audiences_present(words: Collection[str]) -> set[str]:
    """Those of the audiences that anything is written for; all of them when Redis does not say.

    Lets a producer of thousands of events make only those that `events_publish` would write.
    """
    if not words or time.monotonic() < _outage.until:
        return set(words)
    now_ms = time.time() * 1000
    try:
        if len(words) > FEW_WORDS and client().zcard(PRESENT) <= len(words):
            present = client().zrangebyscore(PRESENT, now_ms, "+inf")
            return {word.decode() for word in cast("list[bytes]", present)}.intersection(words)
        return _scored(words, now_ms)
    except RedisError:
        return set(words)


def _scored(words: Collection[str], now_ms: float) -> set[str]:
    """Those of the audiences that are present. Raises RedisError."""
    asked = list(words)
    scores = client().zmscore(PRESENT, asked)
    return {word for word, until in zip(asked, scores, strict=True) if until and until > now_ms}


def shard_of(word: str) -> int:
    """The number of the stream that an audience's events are in."""
    return zlib.crc32(word.encode()) % SHARDS


def stream_key(shard: int) -> str:
    return f"live:{shard}"


def _write(
    addressed: list[tuple[LiveEvent, list[str]]], words: set[str], missed: set[str], present: set[str] | None
) -> None:
    redis = client()
    now_ms = time.time() * 1000
    if present is None or missed:
        present = _scored(words | missed, now_ms)
    if not present:
        return
    rows: list[bytes | str] = []
    keys: dict[str, int] = {}
    _append(rows, keys, sorted(missed & present), "reset", "")
    for event, audience in addressed:
        # Who is not present has no id to resume from: its stream need not hold the event.
        here = [word for word in audience if word in present]
        if here:
            body = dumps({"type": event.type, "at": event.at, "data": camelize(event.data)})
            _append(rows, keys, here, "event", body)
    minid = str(int(now_ms) - TRIM_MS)
    for at in range(0, len(rows), ROW * ROWS_AT_ONCE):
        part = rows[at : at + ROW * ROWS_AT_ONCE]
        redis.eval(ADD_ALL, len(keys), *keys, minid, str(2 * KEEP_MS), *part)  # type: ignore[arg-type]


def _append(
    rows: list[bytes | str], keys: dict[str, int], audience: list[str], what: str, body: bytes | str
) -> None:
    """A row for every stream of the audience, for `ADD_ALL`; its key is found by its place among `keys`."""
    for shard in {shard_of(word) for word in audience}:
        number = keys.setdefault(stream_key(shard), len(keys) + 1)
        rows += (str(number), " ".join(audience), what, body)


class _Outage:
    """What this process could not write: audiences to be told, and when to try again."""

    def __init__(self) -> None:
        self.until = 0.0
        self.since: float | None = None
        self.missed: set[str] = set()
        self.lock = threading.Lock()

    def remember(self, words: set[str]) -> None:
        with self.lock:
            if len(self.missed) < REMEMBERED_AUDIENCES:
                self.missed |= words

    def recall(self) -> set[str]:
        if not self.missed:
            return set()
        with self.lock:
            missed, self.missed = self.missed, set()
        return missed

    def begin(self, words: set[str], error: RedisError) -> None:
        self.remember(words)
        if self.since is None:
            self.since = time.monotonic()
            log.warning("live events are being dropped: %s", error)
        self.until = time.monotonic() + OUTAGE_PAUSE_SECONDS

    def end(self) -> None:
        if self.since is not None:
            log.warning("live events flow again after %.0f s", time.monotonic() - self.since)
            self.since = None


_outage = _Outage()
