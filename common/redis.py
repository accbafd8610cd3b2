"""The one Redis client of a process, for what the cache framework cannot say: scripts, counters, streams, channels."""

import hashlib
import os
from collections import deque
from functools import cache
from typing import Any

from django.conf import settings
from redis import ConnectionError as LostConnection
from redis import Redis
from redis.backoff import NoBackoff
from redis.connection import ConnectionInterface
from redis.exceptions import NoScriptError, ResponseError
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


# Connections of `Script` that nobody uses at present. Taking and giving back are each one step, safe among threads.
_idle: deque[ConnectionInterface] = deque()
os.register_at_fork(after_in_child=_idle.clear)


class Script:
    """A Lua script for every request, on connections kept apart: a quarter of the cost of the client's pool.

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
    try:
        connection, used = _idle.pop(), True
    except IndexError:
        pool = client().connection_pool
        connection, used = pool.connection_class(**pool.connection_kwargs), False
    try:
        answer = _exchange(connection, command)
    except LostConnection:
        if not used:
            raise
        answer = _exchange(connection, command)  # the server had closed it while it was idle
    except ResponseError:
        _idle.append(connection)
        raise
    _idle.append(connection)
    return answer


def _exchange(connection: ConnectionInterface, command: tuple[str | int, ...]) -> Any:
    connection.send_command(*command, check_health=False)
    return connection.read_response()
