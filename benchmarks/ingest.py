"""Readings in, end to end: the product against a straight loop that does nothing but store, in the same run.

MQTT QoS 1 from three publishers through Mosquitto (the embedded broker where that is not installed) until the reading
is stored, the current level is updated and the live event is written. Prints one line of JSON a figure.
`python -m benchmarks.ingest [--quick]`.
"""

from __future__ import annotations

import argparse
import statistics
from importlib.util import find_spec

from benchmarks.load.bench import Bench, Burst, Sizes, everyone_watches, tell
from benchmarks.load.costs import measure_devices, measure_stored
from benchmarks.load.http import measure_http
from benchmarks.load.nodered import measure_node_red
from benchmarks.load.world import world

DEVICES = 999  # divisible by the publishers, as every number of devices here
SUSTAINED_SHARE = 0.7  # of the straight loop's rate, which is that of a backlog
PARTS = ["mqtt", "http", "node-red", "stored", "devices"]

FULL = Sizes(
    burst=30_000,
    turns=3,
    seconds=60,
    stored=(100_000, 1_000_000, 10_000_000),
    many_devices=(9_999, 99_999),
    posts=60,
)
QUICK = Sizes(burst=15_000, turns=2, seconds=10, stored=(200_000,), many_devices=(9_999,), posts=20)


def measure_mqtt(bench: Bench, sizes: Sizes) -> float:
    """Returns the rate of the straight loop that reads as the product does."""
    clients = ["product", "own reader", "paho"] + (["gmqtt"] if find_spec("gmqtt") else [])
    taken: dict[str, list[Burst]] = {client: [] for client in clients}
    for number in range(sizes.turns + 1):
        for client in clients:
            one = bench.burst(client, sizes.burst if number else sizes.burst // 5)
            if number:
                taken[client].append(one)
    found = {
        client: Burst(statistics.median(b.rate for b in many), statistics.median(b.cpu for b in many))
        for client, many in taken.items()
    }
    ours = found["product"]
    for client in clients[1:]:
        limit = found[client]
        tell(
            "mqtt_rate_to_straight",
            ours.rate / limit.rate,
            client=client,
            product=round(ours.rate),
            straight=round(limit.rate),
            cpu_per_100k_product=round(ours.cpu, 2),
            cpu_per_100k_straight=round(limit.cpu, 2),
            broker=bench.world.broker.name,
        )
    return found["own reader"].rate


def measure_sustained(bench: Bench, sizes: Sizes, straight: float) -> None:
    wanted, lags = straight * SUSTAINED_SHARE, list[float]()
    bench.burst("product", int(wanted * sizes.seconds), rate=wanted, lags=lags)
    third = max(1, len(lags) // 3)
    first, last = statistics.mean(lags[1 : third + 1]), statistics.mean(lags[-third:])
    tell(
        "lag_growth",
        (last + 0.1) / (first + 0.1),
        readings_per_second=round(wanted),
        seconds=round(sizes.seconds),
        lag_seconds_first=round(first, 2),
        lag_seconds_last=round(last, 2),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; all, unless given")
    parser.add_argument("--quick", action="store_true", help="small sizes, in about two minutes")
    options = parser.parse_args()
    sizes = QUICK if options.quick else FULL
    parts = options.parts or PARTS
    with world(DEVICES) as made:
        everyone_watches(made)
        bench = Bench(made)
        if "mqtt" in parts:
            measure_sustained(bench, sizes, measure_mqtt(bench, sizes))
        if "http" in parts:
            measure_http(bench, sizes)
        if "node-red" in parts:
            measure_node_red(bench, sizes)
        if "stored" in parts:
            measure_stored(bench, sizes)
        if "devices" in parts:
            measure_devices(bench, sizes)


if __name__ == "__main__":
    main()
