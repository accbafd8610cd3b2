"""How a listener fares, told through Redis: for `/readyz` and the metrics."""

from __future__ import annotations

import logging
import time
from typing import Any, cast

import orjson
from redis import RedisError

from common.redis import client

log = logging.getLogger(__name__)
KEY = "ingest:listeners"
KEPT_SECONDS = 60.0
WORKING, BLOCKED, DISCONNECTED, STOPPED = "working", "blocked", "disconnected", "stopped"


def heartbeat_write(*, name: str, state: str, waiting: int, connection: int) -> None:
    """Says how the listener `name` fares. Never raises: telling matters less than listening."""
    told = {"state": state, "waiting": waiting, "connection": connection, "at": time.time()}
    try:
        if state == STOPPED:
            client().hdel(KEY, name)
        else:
            client().hset(KEY, name, orjson.dumps(told).decode())
    except RedisError as error:
        log.debug("no heartbeat: %s", error)


def heartbeats() -> dict[str, dict[str, Any]]:
    """The listeners heard of in the last minute, by name. Raises RedisError."""
    stored = cast(dict[bytes, bytes], client().hgetall(KEY))
    told = {name.decode(): orjson.loads(value) for name, value in stored.items()}
    return {name: beat for name, beat in told.items() if time.time() - beat["at"] < KEPT_SECONDS}
