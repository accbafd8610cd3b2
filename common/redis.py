"""The one Redis client of a process, for what the cache framework cannot say: scripts, counters, streams, channels."""

from functools import cache

from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
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
