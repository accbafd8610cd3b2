"""Whether a reading costs the same among many devices, and with many stored: against a small world, in turns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import pairwise
from typing import Any

from benchmarks.load.bench import GOALS, Bench, Cost, Sizes, compare, everyone_watches, tell
from benchmarks.load.world import world
from config.launcher.children import PROJECT_DIR

PACE = 5_000.0  # readings a second


def measure_stored(few: Bench, sizes: Sizes) -> None:
    """Fills a collection further and further; each time reads it, and takes bursts."""
    with world(few.world.devices) as made:
        everyone_watches(made)
        many = Bench(made)
        for first, end in pairwise((0, *sizes.stored)):
            found = _fill(many, first, end)
            stored = found["stored"]
            tell(
                "bytes_per_reading",
                found["bytes_per_reading"] / GOALS["bytes_per_reading"],
                bytes=found["bytes_per_reading"],
                of_these_to_be_reused=found["bytes_to_be_reused"],
                stored=stored,
                filled_per_second=found["rows_per_second"],
            )
            for name, (ours, bare) in found["reads"].items():
                tell(
                    "read_to_bare_find", ours / bare, read=name, product_ms=ours, bare_ms=bare, stored=stored
                )
            tell_cost("cost_by_stored", *compare(few, many, sizes), stored=stored)


def _fill(bench: Bench, first: int, end: int) -> Any:
    environment = {**bench.world.environment(), "DJANGO_SETTINGS_MODULE": "config.settings"}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load.stored", str(first), str(end), str(bench.world.devices)],
        cwd=PROJECT_DIR,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def measure_devices(few: Bench, sizes: Sizes) -> None:
    """The same number of readings from many devices, each of which the listener has heard once before.

    At a pace at which nothing piles up: of a backlog few devices have many readings each, and a tank is written but
    once a batch.
    """
    for devices in sizes.many_devices:
        with world(devices) as made:
            everyone_watches(made)
            many = Bench(made)
            cold = many.burst("product", devices)
            found = compare(few, many, sizes, least=devices, rate=PACE)
        tell_cost("cost_by_devices", *found, devices=devices, cpu_per_100k_first_heard=round(cold.cpu, 2))


def tell_cost(figure: str, few: Cost, many: Cost, **more: Any) -> None:
    """The ratio is that of listener and mongod together."""
    parts = {"listener": many.listener, "mongod": many.mongod}
    parts |= {"listener_few": few.listener, "mongod_few": few.mongod}
    costs = {f"cpu_per_100k_{name}": round(cpu, 2) for name, cpu in parts.items()}
    tell(figure, many.whole / few.whole, **more, **costs)
