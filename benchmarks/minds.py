"""What the live minds cost: processor time a reading and a tank-day, and how many of a core a fleet takes.

A worker's own code on a MongoDB of its own: tanks with a fortnight of readings stored, then a day of readings every
15 minutes, each followed by a look at every tank. Prints one line of JSON a figure; ratios are to the goal.
`python -m benchmarks.minds [--tanks 10]`.
"""

import argparse
import json
import os
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from config.demo.history import STEPS_A_DAY, History, Household, simulate
from config.launcher.ports import free_port
from config.launcher.servers import Mongod, Valkey

FLEET, INTERVAL_SECONDS = 100_000, 900
GOAL_CORES = 1.0
END = datetime(2026, 6, 15, tzinfo=UTC)
PAST_DAYS, LIVE_DAYS = 14, 1


def homes(count: int) -> list[History]:
    random = np.random.default_rng(7)
    made = []
    for number in range(count):
        home = Household(5_000.0 + 500 * number, 180.0 + 12 * number, start_percent=90)
        made.append(simulate(home, until=END, utc_offset_hours=0, random=random))
    return made


def store(tanks: list[Any], histories: list[History], start: datetime, end: datetime) -> int:
    from tanks import readings
    from tanks.readings import Reading

    rows = [
        Reading(tank.series, at, percent, percent * tank.capacity / 100)
        for tank, history in zip(tanks, histories, strict=True)
        for at, percent in zip(history.times, history.percent, strict=True)
        if start <= at < end
    ]
    readings.insert(rows)
    return len(rows)


def measure(count: int) -> None:
    from accounts.models import User
    from common.mongo import collection, next_number
    from tanks.models import Mind, Tank
    from tanks.services.minds import minds_advance

    histories = homes(count)
    owner = User.objects.create(name="Owner", email="owner@example.org", password="!")
    tanks = [
        Tank.objects.create(user=owner, series=next_number("series"), capacity=5_000.0 + 500 * number)
        for number in range(count)
    ]
    live_from = END - timedelta(days=LIVE_DAYS)
    touched: dict[Any, int | None] = dict.fromkeys((tank.pk for tank in tanks), None)
    store(tanks, histories, live_from - timedelta(days=PAST_DAYS), live_from)
    begun = time.process_time()
    minds_advance(touched=touched, now=live_from)
    replay = (time.process_time() - begun) / count
    looks = read = 0
    cpu = wall = 0.0
    at = live_from
    while at < END:
        after = at + timedelta(seconds=INTERVAL_SECONDS)
        read += store(tanks, histories, at, after)
        cpu_begun, wall_begun = time.process_time(), time.perf_counter()
        minds_advance(touched=touched, now=after)
        cpu += time.process_time() - cpu_begun
        wall += time.perf_counter() - wall_begun
        looks += count
        at = after
    a_day = cpu / count / LIVE_DAYS
    cores = FLEET * a_day / 86_400
    state = [len(mind["state"]) for mind in collection(Mind).find({}, {"state": 1})]
    tell("cpu_ms_a_reading", 1000 * cpu / read, wall_ms=round(1000 * wall / looks, 3))
    tell("cpu_ms_a_tank_day", 1000 * a_day, readings_a_day=STEPS_A_DAY)
    tell("replay_cpu_ms_a_tank_day", 1000 * replay / PAST_DAYS)
    tell("state_bytes", float(np.mean(state)))
    tell("cores_for_100000_tanks", cores, goal=GOAL_CORES, ratio=round(cores / GOAL_CORES, 3))


def tell(figure: str, value: float, **more: object) -> None:
    print(json.dumps({"figure": f"minds.{figure}", "value": round(value, 3), **more}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tanks", type=int, default=10)
    count = parser.parse_args().tanks
    with tempfile.TemporaryDirectory(prefix="minds-") as folder:
        mongod = Mongod(port=free_port(), data_dir=Path(folder) / "mongod")
        valkey = Valkey(port=free_port(avoid=[mongod.port]), data_dir=Path(folder) / "valkey")
        try:
            for server in (mongod, valkey):
                server.start()
            os.environ.update(
                MONGODB_URI=mongod.url,
                REDIS_URL=valkey.url,
                VAR_DIR=folder,
                SECRET_KEY="a benchmark's own, of no use elsewhere",
                DEMO="0",
                LOG_LEVEL="ERROR",
                OMP_NUM_THREADS="1",
                OPENBLAS_NUM_THREADS="1",
                DJANGO_SETTINGS_MODULE="config.settings",
            )
            import django
            from django.core.management import call_command

            django.setup()
            call_command("migrate", verbosity=0)
            measure(count)
        finally:
            valkey.stop()
            mongod.stop()


if __name__ == "__main__":
    main()
