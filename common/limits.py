"""Counting against limits in Redis: a window opens with its first hit and forgets all hits when it ends.

Away from Redis nothing is limited, and the log says so: a limiter must not be what stops the service.
"""

import logging
from dataclasses import dataclass

import redis

from common.redis import Script, client

log = logging.getLogger(__name__)

# The count after this hit, and the milliseconds until the window ends. The expiry is set again should it be
# missing: a counter without one would lock its owner out for good. What a second key holds comes along.
_hit = Script("""
local count = redis.call('INCR', KEYS[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
  left = tonumber(ARGV[1])
end
return {count, left, KEYS[2] and redis.call('GET', KEYS[2])}
""")


@dataclass(frozen=True)
class Count:
    """Hits in the present window, and how many seconds it has left."""

    hits: int
    seconds_left: float


NOTHING = Count(0, 0.0)


def count_hit(key: str, *, window_seconds: float) -> Count:
    """Adds a hit to the window of `key` and returns what it holds then."""
    return count_hit_and_get(key, None, window_seconds=window_seconds)[0]


def count_hit_and_get(key: str, also: str | None, *, window_seconds: float) -> tuple[Count, bytes | None]:
    """`count_hit`, and in the same round trip the value of the key `also` (None without one, or without Redis)."""
    keys = (f"limit:{key}",) if also is None else (f"limit:{key}", also)
    try:
        count, left, *value = _hit(*keys, args=(int(window_seconds * 1000),))
    except redis.RedisError as error:
        log.warning("Redis is away: %s is not limited (%s)", key.partition(":")[0], error)
        return NOTHING, None
    return Count(int(count), int(left) / 1000), value[0] if value else None


def count_of(key: str) -> Count:
    """What the window of `key` holds, without a hit."""
    try:
        with client().pipeline(transaction=False) as pipe:
            pipe.get(f"limit:{key}")
            pipe.pttl(f"limit:{key}")
            count, left = pipe.execute()
    except redis.RedisError as error:
        log.warning("Redis is away: %s is not limited (%s)", key.partition(":")[0], error)
        return NOTHING
    return Count(int(count), int(left) / 1000) if count is not None else NOTHING


def forget(key: str) -> None:
    """Closes the window of `key`."""
    try:
        client().delete(f"limit:{key}")
    except redis.RedisError as error:
        log.warning("Redis is away: a limit was not reset (%s)", error)
