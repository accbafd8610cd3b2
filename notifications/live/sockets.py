"""One connected socket: what it has been sent, and how it catches up.

A socket is either *live*, fed by the process's fan-out, or *catching up*: reading its own streams from where it
stands, a page at a time and no faster than its client takes them, until it has reached the fan-out. It catches up
after connecting, after `resume`, and whenever its queue is full; so a slow reader costs one bounded queue and
hinders nobody, and nothing is ever lost or told twice on the way from one to the other.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from redis import RedisError

from common.json import dumps
from common.live import KEEP_MS, shard_of
from notifications.live.cursors import Cursor, StreamId, format_cursor, is_kept
from notifications.live.identity import Listener

QUEUE_FRAMES = 500
PAGE = 500
# A client that says `resume` at once gets what it missed before what is new; so the new waits this long.
RESUME_SECONDS = 0.2
RETRY_SECONDS = 1.0

RESET = '{"type":"reset"}'
Fields = Mapping[bytes, bytes]
Entry = tuple[StreamId, Fields]


class Source(Protocol):
    """Where a socket reads its streams, and how far the fan-out has read them."""

    def position(self, shard: int) -> StreamId: ...

    async def page(self, shard: int, *, after: StreamId, until: StreamId | None) -> list[Entry]:
        """Up to PAGE entries with `after` < id ≤ `until`, in order. Raises RedisError."""
        ...

    async def now_ms(self) -> int: ...


def frame(stream_id: str, body: bytes) -> str:
    """The text of an event: its id put before the stored body."""
    return f'{{"id":"{stream_id}",{body[1:].decode()}'


class LiveSocket:
    """`send` puts one text on the wire and waits while the client is not taking it; `close` ends it by a code."""

    def __init__(
        self,
        *,
        listener: Listener,
        source: Source,
        send: Callable[[str], Awaitable[None]],
        close: Callable[[int], Awaitable[None]],
    ) -> None:
        self.listener = listener
        self.source = source
        self.send = send
        self.close = close
        self.words = [word.encode() for word in listener.words]
        self.shards = list(dict.fromkeys(shard_of(word) for word in listener.words))
        self.reached: dict[int, StreamId] = {}  # everything up to here is sent or queued
        self.since: dict[int, StreamId] = {}  # from here on nothing is to be sent again
        self.live = False
        self.sent = 0
        self.queue: asyncio.Queue[str] = asyncio.Queue(QUEUE_FRAMES)
        self.wanted: list[Cursor | None] = []
        self.wake = asyncio.Event()

    # What the fan-out does

    def is_for(self, shard: int, audience: list[bytes]) -> bool:
        """Whether the entry is this socket's to tell: an entry for several of its audiences stands in the stream
        of each, and counts in that of the first."""
        for word in self.words:
            if word in audience:
                return shard_of(word.decode()) == shard
        return False

    def offer(self, shard: int, stream_id: StreamId, text: str | None, body: bytes) -> None:
        """A new entry for this socket. `text`: its frame for followers of one stream, made once for all."""
        if not self.live or stream_id <= self.reached[shard]:
            return
        if self.queue.full():
            self.catch_up()
            return
        self.reached[shard] = stream_id
        if not body:
            self.queue.put_nowait(RESET)
        elif text is not None and len(self.shards) == 1:
            self.queue.put_nowait(text)
        else:
            self.queue.put_nowait(frame(self.cursor(), body))

    def catch_up(self) -> None:
        """Leave the fan-out, until everything there is has been read."""
        if self.live:
            self.live = False
            for shard in self.shards:  # what it was not offered was not for it
                self.reached[shard] = max(self.reached[shard], self.source.position(shard))
        self.wake.set()

    def reset(self) -> None:
        """The client may have missed something that is nowhere to be had: it is told to fetch anew."""
        self.wanted.append(None)
        self.catch_up()

    # What the client does

    def cursor(self) -> str:
        return format_cursor([self.reached[shard] for shard in self.shards])

    def begin(self, newest: Mapping[int, StreamId]) -> None:
        """It is connected: everything up to `newest` was before its time."""
        self.reached = {shard: newest[shard] for shard in self.shards}
        self.since = dict(self.reached)

    def resume(self, cursor: Cursor | None) -> None:
        """The client asks for what came after `cursor` (None: it gave something that is none)."""
        if len(self.wanted) < PAGE:
            self.wanted.append(cursor)
        self.catch_up()

    # What runs as long as the socket does

    async def run(self) -> None:
        """Feed the queue: what is asked for, what was missed, then leave the rest to the fan-out."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.wake.wait(), RESUME_SECONDS)
        while True:
            self.wake.clear()
            while self.wanted:
                await self._replay(self.wanted.pop(0))
            await self._reach_fanout()
            await self.wake.wait()

    async def write(self) -> None:
        """Put the queue on the wire, one after the other."""
        while True:
            text = await self.queue.get()
            await self.send(text)
            self.sent += 1

    async def _replay(self, cursor: Cursor | None) -> None:
        """Tell what came after the cursor and was not told to this socket yet."""
        newest = tuple(self.reached[shard] for shard in self.shards)
        if cursor is None or not is_kept(cursor, now_ms=await self._now_ms(), newest=newest):
            await self.queue.put(RESET)
            return
        at = {shard: min(id_, self.since[shard]) for shard, id_ in zip(self.shards, cursor, strict=True)}
        began = dict(at)
        wanted = [shard for shard in self.shards if at[shard] < self.since[shard]]
        while wanted:
            pages = {shard: await self._page(shard, at[shard], self.since[shard]) for shard in wanted}
            for shard, stream_id, fields in _merged(pages):
                at[shard] = stream_id
                await self._tell(shard, fields, at)
            wanted = [shard for shard in wanted if not _used_up(pages[shard], at[shard])]
        self.since = began

    async def _reach_fanout(self) -> None:
        """Read on from where the socket stands until the fan-out is not ahead; from there on it is live."""
        while True:
            ahead = {shard: self.source.position(shard) for shard in self.shards}
            behind = [shard for shard in self.shards if ahead[shard] > self.reached[shard]]
            if not behind:
                self.live = not self.wanted
                return
            if min(self.reached[shard] for shard in behind)[0] < await self._now_ms() - KEEP_MS:
                await self.queue.put(RESET)  # so slow that what comes next is kept no longer
                self.reached |= {shard: ahead[shard] for shard in behind}
                continue
            pages = {shard: await self._page(shard, self.reached[shard]) for shard in behind}
            for shard, stream_id, fields in _merged(pages):
                self.reached[shard] = stream_id
                await self._tell(shard, fields, self.reached)
            for shard in behind:
                if _used_up(pages[shard], self.reached[shard]):
                    # Read to the end, so also to where the fan-out was, had that entry been trimmed since.
                    self.reached[shard] = max(self.reached[shard], ahead[shard])

    async def _page(self, shard: int, after: StreamId, until: StreamId | None = None) -> list[Entry]:
        while True:
            try:
                return await self.source.page(shard, after=after, until=until)
            except RedisError:
                await asyncio.sleep(RETRY_SECONDS)

    async def _now_ms(self) -> int:
        while True:
            try:
                return await self.source.now_ms()
            except RedisError:
                await asyncio.sleep(RETRY_SECONDS)

    async def _tell(self, shard: int, fields: Fields, stand: Mapping[int, StreamId]) -> None:
        if not self.is_for(shard, fields[b"to"].split()):
            return
        body = fields.get(b"event", b"")
        await self.queue.put(
            frame(format_cursor([stand[each] for each in self.shards]), body) if body else RESET
        )


def hello(cursor: str) -> str:
    return dumps({"type": "hello", "lastEventId": cursor}).decode()


def _used_up(page: list[Entry], at: StreamId) -> bool:
    """Whether the page was the stream's last, and all of it has been told."""
    return len(page) < PAGE and (not page or page[-1][0] <= at)


def _merged(pages: Mapping[int, list[Entry]]) -> list[tuple[int, StreamId, Fields]]:
    """The entries of several streams in the order of their ids, as far as all of the pages reach."""
    full = [entries[-1][0] for entries in pages.values() if len(entries) == PAGE]
    limit = min(full, default=None)
    rows = [
        (shard, stream_id, fields)
        for shard, entries in pages.items()
        for stream_id, fields in entries
        if limit is None or stream_id <= limit
    ]
    return sorted(rows, key=lambda row: row[1])
