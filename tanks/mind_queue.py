"""Which tanks' minds have something new to look at: one entry a tank in Redis, however many readings came.

An entry lost with Redis or a worker is made good by the tank's next reading, or by the sweep at its `mind_due`.
"""

import logging
import time
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, cast

from bson import ObjectId
from celery import current_app
from kombu.exceptions import OperationalError
from redis import RedisError
from redis.client import Pipeline

from common.redis import client
from tanks.readings import to_ms

log = logging.getLogger(__name__)
TOUCHED = "minds:touched"  # ids of tanks with new readings, those of a batch in one entry
DUE = "minds:due"  # tank → when it may be looked at
OLDEST = "minds:oldest"  # tank → the time of the oldest late reading since it was last looked at
KICKED = "minds:kicked"  # a task is on its way to the queue
BUSY = "minds:busy"  # a task is at work
ALARM = "minds:alarm"  # a task comes when the next tank is due
ID_BYTES, AT_ONCE = 12, 100
TOUCHES_KEPT = 2_000  # when nobody works for long, the tanks' next readings tell of them again
KICK_MS = 30_000
BUSY_MS = 30_000  # a killed worker keeps the others from the work for so long
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


def minds_touch(tank_ids: Collection[ObjectId], late: Mapping[ObjectId, datetime]) -> None:
    """Tanks with new readings, and of those that got `late` ones the time of the oldest. Costs next to nothing.

    Without Redis it is left to the sweep.
    """
    if not tank_ids:
        return
    try:
        pipeline = client().pipeline(transaction=False)
        pipeline.rpush(TOUCHED, b"".join(tank_id.binary for tank_id in tank_ids))
        pipeline.ltrim(TOUCHED, -TOUCHES_KEPT, -1)
        if late:
            pipeline.zadd(OLDEST, {tank_id.binary: to_ms(at) for tank_id, at in late.items()}, lt=True)
        _kick(pipeline)
    except RedisError as error:
        log.warning("%d tanks are left to the sweep: %s", len(tank_ids), error)


def minds_put(due: Mapping[ObjectId, datetime]) -> None:
    """Tanks to be looked at from a time on, though nothing new was read."""
    if not due:
        return
    try:
        pipeline = client().pipeline(transaction=False)
        pipeline.zadd(DUE, {tank_id.binary: at.timestamp() for tank_id, at in due.items()}, nx=True)
        _kick(pipeline)
    except RedisError as error:
        log.warning("%d tanks are left to the sweep: %s", len(due), error)


def _kick(pipeline: Pipeline) -> None:
    """Runs the pipeline, and sends a task unless one is on its way."""
    pipeline.set(KICKED, 1, nx=True, px=KICK_MS)
    if pipeline.execute()[-1]:
        _send()


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
    _sort_in()
    left = cast(list[tuple[bytes, float]], client().zrange(DUE, 0, 0, withscores=True))
    if not left:
        return
    wait = left[0][1] - time.time()
    # A long wait must not keep the tanks that are touched meanwhile from being looked at.
    key, wait = (ALARM, wait) if wait > REST_SECONDS else (KICKED, REST_SECONDS)
    if client().set(key, 1, nx=True, px=round(1000 * wait) + (0 if key == ALARM else KICK_MS)):
        _send(wait)


def minds_take(*, limit: int) -> dict[ObjectId, int | None]:
    """Takes up to `limit` tanks that are due, for whoever is at work.

    Id → the time of the oldest late reading since (ms), if one came.
    """
    client().pexpire(BUSY, BUSY_MS)
    _sort_in()
    taken = cast(list[Any], client().eval(TAKE, 2, DUE, OLDEST, str(time.time()), str(limit)))
    if not taken:
        return {}
    return {
        ObjectId(name): int(float(at)) if at is not None else None for name, at in zip(*taken, strict=True)
    }


def _sort_in() -> None:
    """Puts the tanks of the touches in the queue, once each."""
    now = time.time()
    while touches := cast(list[bytes], client().lpop(TOUCHED, AT_ONCE)):
        ids = {touch[at : at + ID_BYTES] for touch in touches for at in range(0, len(touch), ID_BYTES)}
        client().zadd(DUE, dict.fromkeys(ids, now), nx=True)
