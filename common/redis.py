"""The one Redis client of a process, for what the cache framework cannot say: scripts, counters, streams, channels."""

import hashlib
import os
import threading
from functools import cache
from typing import Any

from django.conf import settings
from redis import ConnectionError as LostConnection
from redis import Redis
from redis.backoff import NoBackoff
from redis.connection import ConnectionInterface
from redis.exceptions import NoScriptError
from redis.retry import Retry

# A request never waits longer than this for Redis: what it guards then falls back, and says so in the log.
TIMEOUT_SECONDS = 1.0


@cache
def client() -> Redis:
    """Thread-safe, and safe over a fork: connections are made on first use.

    The library's own retries (three, with waits that grow to seconds) are off: they would multiply the time
    above, and could do a command twice whose answer was lost.
    """
    return Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


class _Mine(threading.local):
    connection: ConnectionInterface | None = None


_mine = _Mine()


def _forget_mine() -> None:
    _mine.connection = None


os.register_at_fork(after_in_child=_forget_mine)


class Script:
    """A Lua script for every request: on a connection of the thread's own, which costs a quarter of the pool's way.

    A script may run twice when the connection is lost on the way. Raises RedisError.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.digest = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()

    def __call__(self, *keys: str, args: tuple[int, ...]) -> Any:
        try:
            return _ask("EVALSHA", self.digest, len(keys), *keys, *args)
        except NoScriptError:
            return _ask("EVAL", self.source, len(keys), *keys, *args)


def _ask(*command: str | int) -> Any:
    connection = _mine.connection
    if connection is None:
        connection = _mine.connection = client().connection_pool.make_connection()
    idle = connection.is_connected
    try:
        return _exchange(connection, command)
    except LostConnection:
        if not idle:
            raise
        return _exchange(connection, command)  # the server had closed it while it was idle


def _exchange(connection: ConnectionInterface, command: tuple[str | int, ...]) -> Any:
    connection.send_command(*command, check_health=False)
    return connection.read_response()
