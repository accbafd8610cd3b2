"""Counters of the ingest path over all processes: gathered here, added up in Redis once a second."""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections import Counter
from typing import cast

from redis import RedisError

from common.redis import client

KEY = "ingest:counters"
MINUTE_KEY = "ingest:minute:"
MINUTES_KEPT = 120
WRITE_SECONDS = 1.0

_lock = threading.Lock()
_unwritten: Counter[str] = Counter()
_timer: threading.Timer | None = None


def add(counts: Counter[str]) -> None:
    """Adds to the counters, which are written within a second. Without Redis they are kept for the next time."""
    global _timer
    with _lock:
        _unwritten.update(counts)
        if _timer is None:
            _timer = threading.Timer(WRITE_SECONDS, write)
            _timer.daemon = True
            _timer.start()


def write() -> None:
    """Writes what is gathered, if Redis takes it."""
    global _timer
    with _lock:
        _timer = None
        counts = {name: value for name, value in _unwritten.items() if value}
        _unwritten.clear()
    if not counts:
        return
    try:
        pipeline = client().pipeline(transaction=False)
        minute = f"{MINUTE_KEY}{int(time.time() // 60)}"
        for name, value in counts.items():
            pipeline.hincrby(KEY, name, value)
            pipeline.hincrby(minute, name, value)
        pipeline.expire(minute, MINUTES_KEPT * 60)
        pipeline.execute()
    except RedisError:
        with _lock:
            _unwritten.update(counts)


def _forget_timer() -> None:
    """Threads are not copied by a fork."""
    global _timer
    _timer = None


atexit.register(write)
os.register_at_fork(after_in_child=_forget_timer)


def read() -> dict[str, int]:
    """All counters by name. Raises RedisError."""
    stored = cast(dict[bytes, bytes], client().hgetall(KEY))
    return {name.decode(): int(value) for name, value in stored.items()}


def by_minute(name: str, *, minutes: int) -> list[int]:
    """A counter's growth in each of the last so many whole minutes, oldest first. Raises RedisError."""
    now = int(time.time() // 60)
    pipeline = client().pipeline(transaction=False)
    for minute in range(now - minutes, now):
        pipeline.hget(f"{MINUTE_KEY}{minute}", name)
    return [int(value or 0) for value in pipeline.execute()]
