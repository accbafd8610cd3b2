"""Which tanks' minds have something new to look at: one entry a tank in Redis, however many readings came.

An entry lost with Redis or a worker is made good by the tank's next reading, or by the sweep at its `mind_due`.
"""

import logging
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from bson import ObjectId
from celery import current_app
from kombu.exceptions import OperationalError
from redis import RedisError

from common.redis import client
from tanks.readings import to_ms

log = logging.getLogger(__name__)
DUE = "minds:due"  # tank → when it may be looked at
OLDEST = "minds:oldest"  # tank → the oldest time read since it was last looked at
KICKED = "minds:kicked"  # a task is on its way to the queue
BUSY = "minds:busy"  # a task is at work
ALARM = "minds:alarm"  # a task comes when the next tank is due
KICK_MS = 30_000
BUSY_MS = 120_000
REST_SECONDS = 0.3  # so that the minds of a busy fleet leave the worker to others now and then
TASK = "tanks.tasks.minds_advance"
TAKE = """
local ids = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
if #ids == 0 then return {} end
redis.call('ZREM', KEYS[1], unpack(ids))
local oldest = redis.call('ZMSCORE', KEYS[2], unpack(ids))
redis.call('ZREM', KEYS[2], unpack(ids))
return {ids, oldest}
"""


def minds_touch(oldest: Mapping[ObjectId, datetime]) -> None:
    """Tanks with new readings, and the time of each one's oldest. Without Redis it is left to the sweep."""
    if not oldest:
        return
    times = {str(tank_id): to_ms(at) for tank_id, at in oldest.items()}
    _put(dict.fromkeys(times, time.time()), times)


def minds_put(due: Mapping[ObjectId, datetime]) -> None:
    """Tanks to be looked at from a time on, though nothing new was read."""
    if due:
        _put({str(tank_id): at.timestamp() for tank_id, at in due.items()}, {})


def _put(due: dict[str, float], oldest: dict[str, int]) -> None:
    try:
        pipeline = client().pipeline(transaction=False)
        pipeline.zadd(DUE, cast(Any, due), nx=True)
        if oldest:
            pipeline.zadd(OLDEST, cast(Any, oldest), lt=True)
        pipeline.set(KICKED, 1, nx=True, px=KICK_MS)
        if pipeline.execute()[-1]:
            _send()
    except RedisError as error:
        log.warning("%d tanks are left to the sweep: %s", len(due), error)


def _send(wait_seconds: float = 0) -> None:
    try:
        current_app.send_task(TASK, countdown=wait_seconds or None, retry=False)
    except OperationalError as error:
        log.warning("the tanks' minds are left to the sweep: %s", error)
        client().delete(KICKED)


def minds_begin() -> bool:
    """Whether the caller may work now: one task does at a time. `minds_end` must follow."""
    if not client().set(BUSY, 1, nx=True, px=BUSY_MS):
        return False
    client().set(KICKED, 1, px=BUSY_MS)  # nobody else need come meanwhile
    return True


def minds_end() -> None:
    """The work is over; whatever is left is given, after a rest, to a task of its own."""
    client().delete(BUSY, KICKED)
    left = cast(list[tuple[bytes, float]], client().zrange(DUE, 0, 0, withscores=True))
    if not left:
        return
    wait = left[0][1] - time.time()
    # A long wait must not keep the tanks that are touched meanwhile from being looked at.
    key, wait = (ALARM, wait) if wait > REST_SECONDS else (KICKED, REST_SECONDS)
    if client().set(key, 1, nx=True, px=round(1000 * wait) + (0 if key == ALARM else KICK_MS)):
        _send(wait)


def minds_take(*, limit: int) -> dict[ObjectId, int | None]:
    """Takes up to `limit` tanks that are due: id → the oldest time read since (ms), if anything was."""
    taken = cast(list[Any], client().eval(TAKE, 2, DUE, OLDEST, str(time.time()), str(limit)))
    if not taken:
        return {}
    return {
        ObjectId(name.decode()): int(float(at)) if at is not None else None
        for name, at in zip(*taken, strict=True)
    }
