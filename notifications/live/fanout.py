"""The one reader of Redis a process: follows every stream, and hands each entry to the sockets it is for.

Delivery happens in memory, in the event loop, without waiting for anybody. When Redis goes away the reader comes
back with growing pauses and reads on from where it was. When Redis itself was restarted, or was away for longer
than it keeps events, something may have been lost: everyone is told to fetch anew.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from operator import itemgetter
from typing import Any, cast
from weakref import WeakKeyDictionary

from bson import ObjectId
from channels.db import database_sync_to_async
from django.conf import settings
from redis import RedisError
from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from accounts.families import REVOKED_CHANNEL
from common.live import KEEP_MS, PRESENT, PRESENT_MS, SHARDS, stream_key
from notifications.live.cursors import START, StreamId, format_id, parse_id
from notifications.live.identity import Listener, still_good
from notifications.live.sockets import PAGE, Entry, Fields, LiveSocket, frame

log = logging.getLogger(__name__)

BLOCK_MS = 5_000
ANSWER_SECONDS = 15.0  # longer than a blocking read lasts, so that only a dead connection exceeds it
READ_COUNT = 500
PAUSES = (0.1, 0.5, 1.0, 2.0, 5.0)
PRESENCE_SECONDS = 60.0
SWEEP_SECONDS = 15.0

UNAUTHORISED = 4401
TRY_AGAIN_LATER = 1013


class Fanout:
    """What one process follows; of one event loop."""

    def __init__(self) -> None:
        self.redis: Redis = Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=ANSWER_SECONDS,
            socket_connect_timeout=2.0,
            retry=Retry(NoBackoff(), 0),
        )
        self.positions: dict[int, StreamId] = {}
        self.audiences: dict[bytes, set[LiveSocket]] = defaultdict(set)
        self.sockets: set[LiveSocket] = set()
        self.server_run = ""
        self.read_at = 0.0
        self.tasks: list[asyncio.Task[None]] = []
        self.begun = asyncio.Event()

    # For sockets (`sockets.Source`)

    def position(self, shard: int) -> StreamId:
        return self.positions[shard]

    async def page(self, shard: int, *, after: StreamId, until: StreamId | None) -> list[Entry]:
        rows = await self.redis.xrange(
            stream_key(shard),
            min=f"({format_id(after)}",
            max=format_id(until) if until else "+",
            count=PAGE,
        )
        return [(_stream_id(row_id), fields) for row_id, fields in cast("list[tuple[bytes, Fields]]", rows)]

    async def now_ms(self) -> int:
        seconds, microseconds = await self.redis.time()
        return int(seconds) * 1000 + int(microseconds) // 1000

    @asynccontextmanager
    async def joined(self, socket: LiveSocket) -> AsyncIterator[None]:
        """The socket belongs to the fan-out, and knows where it begins. Raises RedisError when Redis is away.

        It is marked present before its beginning is read: from there on all of its events are written.
        """
        await self._begin()
        self.sockets.add(socket)
        for word in socket.words:
            self.audiences[word].add(socket)
        try:
            pipeline = self.redis.pipeline(transaction=True)
            _mark_present(pipeline, socket.listener.words)
            for shard in socket.shards:
                pipeline.xrevrange(stream_key(shard), count=1)
            pipeline.time()
            _, *newest, (seconds, microseconds) = await pipeline.execute()
            # Ids are times: where a stream has nothing newer, "just before now" is as good as its last id,
            # and can be resumed from for an hour.
            just_before = (int(seconds) * 1000 + int(microseconds) // 1000 - 1, 0)
            socket.begin(
                {
                    shard: max(_stream_id(rows[0][0]), just_before) if rows else just_before
                    for shard, rows in zip(socket.shards, newest, strict=True)
                }
            )
            yield
        finally:
            self.sockets.discard(socket)
            for word in socket.words:
                self.audiences[word].discard(socket)
                if not self.audiences[word]:
                    del self.audiences[word]

    # The reader

    async def _begin(self) -> None:
        """Start reading with the first socket; wait until it is known from where."""
        if not self.tasks:
            works = (self._read_once, self._hear_revocations_once, self._keep_presence, self._sweep)
            self.tasks = [asyncio.create_task(_for_ever(work)) for work in works]
        if not self.begun.is_set():
            try:
                await asyncio.wait_for(self.begun.wait(), 2.0)
            except TimeoutError as error:
                raise RedisError("Redis is away") from error

    async def _read_once(self) -> None:
        """Read until Redis fails."""
        await self._find_place()
        while True:
            reply = await self.redis.xread(
                {stream_key(shard): format_id(at) for shard, at in self.positions.items()},
                count=READ_COUNT,
                block=BLOCK_MS,
            )
            self.read_at = time.monotonic()
            # A user with several audiences has their events in several streams: by time, as they happened.
            for _, shard, row_id, fields in sorted(_rows(reply), key=itemgetter(0)):
                self._deliver(shard, row_id, fields)
            await asyncio.sleep(0)  # let the sockets write

    async def _find_place(self) -> None:
        run = (await self.redis.info("server"))["run_id"]
        lost = self.server_run and (
            run != self.server_run or time.monotonic() - self.read_at > KEEP_MS / 1000
        )
        if not self.positions:
            pipeline = self.redis.pipeline(transaction=False)
            for shard in range(SHARDS):
                pipeline.xrevrange(stream_key(shard), count=1)
            rows = await pipeline.execute()
            self.positions = {
                shard: _stream_id(found[0][0]) if found else START for shard, found in enumerate(rows)
            }
        if lost:
            log.warning("Redis was restarted or long away: %d sockets fetch anew", len(self.sockets))
            await self._mark_all_present()
            for socket in self.sockets:
                socket.reset()
        self.server_run = run
        self.read_at = time.monotonic()
        self.begun.set()

    def _deliver(self, shard: int, row_id: bytes, fields: dict[bytes, bytes]) -> None:
        stream_id = _stream_id(row_id)
        audience = fields[b"to"].split()
        body = fields.get(b"event", b"")
        text: str | None = None
        for word in audience:
            for socket in self.audiences.get(word, ()):
                if text is None and body:
                    text = frame(row_id.decode(), body)
                if socket.is_for(shard, audience):
                    socket.offer(shard, stream_id, text, body)
        self.positions[shard] = stream_id

    # Around it

    async def _keep_presence(self) -> None:
        await self._mark_all_present()
        await asyncio.sleep(PRESENCE_SECONDS)

    async def _mark_all_present(self) -> None:
        pipeline = self.redis.pipeline(transaction=False)
        words = [word.decode() for word in self.audiences]
        for start in range(0, len(words), 1_000):
            _mark_present(pipeline, words[start : start + 1_000])
        pipeline.zremrangebyscore(PRESENT, 0, time.time() * 1000)
        await pipeline.execute()

    async def _hear_revocations_once(self) -> None:
        """Close the sockets of every sign-in that is revoked; after a silence, of all that were meanwhile."""
        async with self.redis.pubsub(ignore_subscribe_messages=True) as pubsub:
            await pubsub.subscribe(REVOKED_CHANNEL)
            await self._close_refused(self.sockets)
            while True:
                # A wait that ends without a message also checks the connection.
                message = await pubsub.get_message(timeout=BLOCK_MS / 1000)
                if message is not None:
                    await self._revoked(message["data"].decode(errors="replace"))

    async def _revoked(self, what: str) -> None:
        """`what`: the id of a family of tokens; or of a user, whose sessions are then looked at."""
        if not ObjectId.is_valid(what):
            return
        which = ObjectId(what)
        for socket in list(self.sockets):
            if socket.listener.family_id == which:
                await socket.close(UNAUTHORISED)
        await self._close_refused(
            socket
            for socket in self.sockets
            if socket.listener.session_key and socket.listener.user_id == which
        )

    async def _sweep(self) -> None:
        """Close sockets whose session has ended, and those whose client has taken nothing for a whole round."""
        before = {socket: socket.sent for socket in self.sockets if socket.queue.full()}
        await asyncio.sleep(SWEEP_SECONDS)
        for socket, sent in before.items():
            if socket in self.sockets and socket.sent == sent:
                log.info("a client takes nothing: its socket is closed")
                await socket.close(TRY_AGAIN_LATER)
        await self._close_refused(socket for socket in self.sockets if socket.listener.session_key)

    async def _close_refused(self, sockets: Iterable[LiveSocket]) -> None:
        """Close those of the sockets whose listener could not connect again now."""
        asked = list(sockets)
        if not asked:
            return
        listeners = [socket.listener for socket in asked]
        good = await database_sync_to_async(_still_good)(listeners)
        for socket, is_good in zip(asked, good, strict=True):
            if not is_good and socket in self.sockets:
                await socket.close(UNAUTHORISED)


def _still_good(listeners: list[Listener]) -> list[bool]:
    return [still_good(listener) for listener in listeners]


def _stream_id(raw: bytes) -> StreamId:
    return parse_id(raw.decode()) or START


def _rows(reply: Any) -> Iterator[tuple[StreamId, int, bytes, dict[bytes, bytes]]]:
    """The entries of XREAD's reply with their shards."""
    for key, entries in reply.items() if isinstance(reply, dict) else reply:
        shard = int(key.rpartition(b":")[2])
        for row_id, fields in _flat(entries):
            yield _stream_id(row_id), shard, row_id, fields


def _flat(entries: Any) -> list[tuple[bytes, dict[bytes, bytes]]]:
    """XREAD's entries; under RESP3 the client wraps them in one more list."""
    return entries[0] if entries and isinstance(entries[0], list) else entries


def _mark_present(pipeline: "Pipeline", words: Iterable[str]) -> None:
    until = time.time() * 1000 + PRESENT_MS
    pipeline.zadd(PRESENT, dict.fromkeys(words, until))


async def _for_ever(work: Any) -> None:
    """Do it again and again; after failures with growing pauses."""
    failures = 0
    while True:
        began = time.monotonic()
        try:
            await work()
            failures = 0
        except RedisError as error:
            failures = 0 if time.monotonic() - began > PAUSES[-1] else failures
            if not failures:
                log.warning("live: Redis is away: %s", error)
            await asyncio.sleep(PAUSES[min(failures, len(PAUSES) - 1)])
            failures += 1
        except Exception:
            log.exception("live: %s failed", work.__name__)
            await asyncio.sleep(PAUSES[-1])


_fanouts: "WeakKeyDictionary[asyncio.AbstractEventLoop, Fanout]" = WeakKeyDictionary()


def fanout() -> Fanout:
    """The fan-out of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _fanouts:
        _fanouts[loop] = Fanout()
    return _fanouts[loop]
