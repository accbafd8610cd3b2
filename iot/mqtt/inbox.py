"""Where the network thread leaves publications for the pipeline thread: bounded, and taken in batches."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from datetime import datetime
from typing import NamedTuple

from iot.mqtt.client import Publication

# In a stream of so many a second, what comes within so many seconds is taken together: a tank that reports
# several times meanwhile is written once, and the disk is flushed once for all.
STREAM_RATE, GATHER_SECONDS = 500.0, 0.2
RATE_MEMORY = 1.0  # seconds


class Arrivals(NamedTuple):
    """Publications of one read: the number of their connection, and when they came."""

    connection: int
    at: datetime
    publications: list[Publication]


class Inbox:
    """Holds about `limit` publications, of about `most_bytes`; whoever puts in more waits, and so the broker's
    messages wait with it."""

    def __init__(self, *, limit: int, most_bytes: int) -> None:
        self.limit = limit
        self.most_bytes = most_bytes
        self.waiting = 0
        self.closed = False
        self.rate = 0.0  # taken a second, lately
        self._taken_at = time.monotonic()
        self._bytes = 0
        self._arrivals: deque[Arrivals] = deque()
        self._changed = threading.Condition()

    def put(self, arrivals: Arrivals) -> None:
        """Blocks while the inbox is full."""
        with self._changed:
            while (self.waiting >= self.limit or self._bytes >= self.most_bytes) and not self.closed:
                self._changed.wait(1.0)
            self._arrivals.append(arrivals)
            self.waiting += len(arrivals.publications)
            self._bytes += bytes_of(arrivals)
            self._changed.notify_all()

    def take(self, *, most: int, seconds: float) -> list[Arrivals]:
        """Whatever is there, up to `most` publications; waits up to `seconds` for the first.

        Of a stream it takes what comes in GATHER_SECONDS, since the last time it took something.
        """
        taken: list[Arrivals] = []
        with self._changed:
            if not self._arrivals and not self.closed:
                self._changed.wait(seconds)
            if self.rate >= STREAM_RATE:
                self._gather(most)
            room = most
            while self._arrivals and room > 0:
                first = self._arrivals.popleft()
                if len(first.publications) > room:
                    rest = Arrivals(first.connection, first.at, first.publications[room:])
                    self._arrivals.appendleft(rest)
                    first = Arrivals(first.connection, first.at, first.publications[:room])
                taken.append(first)
                room -= len(first.publications)
                self._bytes -= bytes_of(first)
            self.waiting -= most - room
            self._count(most - room)
            self._changed.notify_all()
        return taken

    def _gather(self, most: int) -> None:
        until = self._taken_at + GATHER_SECONDS
        while self.waiting < most and not self.closed and (left := until - time.monotonic()) > 0:
            self._changed.wait(left)

    def _count(self, taken: int) -> None:
        now = time.monotonic()
        since, self._taken_at = max(now - self._taken_at, 1e-6), now
        self.rate += (taken / since - self.rate) * -math.expm1(-since / RATE_MEMORY)

    def close(self) -> None:
        """Nobody waits any more."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()


def bytes_of(arrivals: Arrivals) -> int:
    return sum([len(publication.payload) for publication in arrivals.publications])
