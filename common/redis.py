"""The one Redis client of a process, for what the cache framework cannot say: scripts, counters, channels."""

from functools import cache

import redis
from django.conf import settings

# A request never waits longer than this for Redis: what it guards then falls back, and says so in the log.
TIMEOUT_SECONDS = 1.0


@cache
def client() -> "redis.Redis[bytes]":
    """Thread-safe, and safe over a fork: connections are made on first use."""
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS
    )
