"""Readings in, end to end: the product against a straight loop that does nothing but store, in the same run.

MQTT QoS 1 from three publishers through Mosquitto (the embedded broker where that is not installed) until the reading
is stored, the current level is updated and the live event is written. Prints one line of JSON a figure.
`python -m benchmarks.ingest [--quick]`.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from itertools import pairwise
from typing import Any, NamedTuple

import paho.mqtt.client as mqtt
import psutil
import redis

from benchmarks.load.publisher import SPACING
from benchmarks.load.world import World, go, some_days_ago, wait_until, world
from config.launcher.children import PROJECT_DIR
from config.launcher.ports import free_port, port_answers

DEVICES = 999  # divisible by the publishers, as every number of devices here
LISTENER = "water-tanks-listener"
STRAIGHT = {"own reader": "bulk", "paho": "paho", "gmqtt": "gmqtt"}
SUSTAINED_SHARE = 0.6
HTTP_THREADS = 4
SECRET = "only for measuring"
GOALS = {
    "mqtt_rate_to_straight": 0.7,
    "http_rate_to_bare": 0.7,
    "bytes_per_reading": 25,
    "cost_by_devices": 1.3,
    "cost_by_stored": 1.3,
    "lag_growth": 1.5,
}


class Sizes(NamedTuple):
    burst: int
    turns: int
    seconds: float
    stored: tuple[int, ...]  # fillings of the collection, one after the other
    many_devices: tuple[int, ...]
    posts: int


FULL = Sizes(
    burst=30_000,
    turns=3,
    seconds=60,
    stored=(100_000, 1_000_000, 10_000_000),
    many_devices=(9_999, 99_999),
    posts=60,
)
QUICK = Sizes(burst=15_000, turns=2, seconds=10, stored=(200_000,), many_devices=(9_999,), posts=20)


class Cost(NamedTuple):
    """CPU seconds per 100,000 readings."""

    listener: float
    mongod: float

    @property
    def whole(self) -> float:
        return self.listener + self.mongod


class Burst(NamedTuple):
    """Readings a second from the first publication to the last one stored; the consumer's CPU s per 100,000."""

    rate: float
    cpu: float


class Bench:
    """One world; its clock goes on from burst to burst, so that no reading comes twice."""

    def __init__(self, made: World) -> None:
        self.world = made
        self.turn = 0
        self.start = some_days_ago()

    def consumer(self, client: str) -> tuple[tuple[str, ...], str, str]:
        """Command line, the word it says when it is ready, its session's name."""
        if client == "product":
            return ("manage.py", "mqtt_listener", "--name", LISTENER), "subscribed", LISTENER
        port = str(self.world.broker.port)
        uri, devices = self.world.mongod.url, str(self.world.devices)
        command = ("-m", "benchmarks.load.straight", STRAIGHT[client], port, uri, "load", devices)
        return command, "ready", "straight"

    def burst(
        self, client: str, messages: int, *, rate: float | None = None, lags: list[float] | None = None
    ) -> Burst:
        argv, ready, session = self.consumer(client)
        messages -= messages % 3
        with self.world.running(*argv, ready=ready) as process:
            publishers = self.world.publish(messages=messages, start=self.start, rate=rate, turn=self.turn)
            self.turn += messages // self.world.devices + 1
            before, cpu = self.stored(), sum(process.cpu_times()[:2])
            go(publishers)
            begun = time.monotonic()
            if rate and lags is not None:
                self.watch(begun, before, messages, rate, lags)
            over = wait_until(lambda: self.stored() - before >= messages, seconds=180)
            cpu = sum(process.cpu_times()[:2]) - cpu
        for publisher in publishers:
            publisher.wait()
        forget_session(self.world.broker.port, session)
        return Burst(messages / (over - begun), cpu / messages * 100_000)

    def stored(self) -> int:
        return self.world.stored()

    def watch(self, begun: float, before: int, messages: int, rate: float, lags: list[float]) -> None:
        """Notes each second how many seconds of the stream are not stored yet."""
        while (elapsed := time.monotonic() - begun) < messages / rate:
            lags.append((elapsed * rate - (self.stored() - before)) / rate)
            time.sleep(1.0)


def forget_session(port: int, name: str) -> None:
    """Else the broker would keep the next messages for a consumer that is gone."""
    over = threading.Event()
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=name, clean_session=True)
    client.on_connect = lambda *_: over.set()
    client.connect("127.0.0.1", port)
    client.loop_start()
    over.wait(10)
    client.disconnect()
    client.loop_stop()


def everyone_watches(made: World) -> None:
    """An administrator is there: every new level becomes a live event."""
    with redis.Redis.from_url(made.valkey.url) as client:
        client.zadd("live:present", {"admins": (time.time() + 86_400) * 1000})


def tell(figure: str, ratio: float, **more: Any) -> None:
    line = {"figure": f"ingest.{figure}", "ratio": round(ratio, 3), "goal": GOALS.get(figure)}
    print(json.dumps({**line, **more}), flush=True)


def measure_mqtt(bench: Bench, sizes: Sizes) -> float:
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
    return ours.rate


def measure_sustained(bench: Bench, sizes: Sizes, rate: float) -> None:
    wanted, lags = rate * SUSTAINED_SHARE, list[float]()
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


def measure_http(bench: Bench, sizes: Sizes) -> None:
    made = bench.world
    digest = hashlib.sha256(SECRET.encode()).hexdigest()
    made.database.tanks_device.update_many({}, {"$set": {"secret_hash": digest}})
    applications = {"product": "config.wsgi:application", "bare": "benchmarks.load.bare_http:application"}
    rates: dict[str, list[float]] = {name: [] for name in applications}
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=400)
    servers = {name: serve(made, application) for name, application in applications.items()}
    try:
        for turn in range(sizes.turns + 1):
            for number, (name, (_, port)) in enumerate(servers.items()):
                devices = range(number * 400, number * 400 + sizes.posts)
                bodies = [(f"load-{one}", level_body(turn, start)) for one in devices]
                begun = time.monotonic()
                post_all(port, bodies)
                if turn:
                    rates[name].append(len(bodies) * 1_000 / (time.monotonic() - begun))
    finally:
        for process, _ in servers.values():
            process.terminate()
            process.wait()
    ours, bare = (statistics.median(rates[name]) for name in applications)
    tell("http_rate_to_bare", ours / bare, product=round(ours), bare=round(bare), readings_a_post=1_000)


def level_body(turn: int, start: datetime) -> bytes:
    """A thousand readings, going on from the last thousand, falling slowly enough to be believed."""
    rows = []
    for number in range(1_000):
        at = start + (turn * 1_000 + number) * SPACING
        level = 90 - (turn * 1_000 + number) * 0.005
        rows.append(f'{{"level":{level:.3f},"timestamp":"{at:%Y-%m-%dT%H:%M:%S}Z","battery":88}}')
    return f"[{','.join(rows)}]".encode()


def serve(made: World, application: str) -> tuple[subprocess.Popen[bytes], int]:
    port = free_port()
    environment = {**made.environment(), "RATE_LIMIT_DEVICE": "0", "PYTHONPATH": str(PROJECT_DIR)}
    command = ["gunicorn", application, "--bind", f"127.0.0.1:{port}", "--workers", "1", "--threads", "4"]
    process = subprocess.Popen(
        [sys.executable, "-m", *command, "--log-level", "warning"], cwd=PROJECT_DIR, env=environment
    )
    wait_until(lambda: port_answers("127.0.0.1", port), seconds=30)
    return process, port


def post_all(port: int, bodies: list[tuple[str, bytes]]) -> None:
    """Over a few connections at once. Raises RuntimeError for any answer but "all taken"."""
    waiting, lock, wrong = iter(bodies), threading.Lock(), list[str]()

    def work() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while True:
            with lock:
                name, body = next(waiting, (None, b""))
            if name is None:
                break
            headers = {"Authorization": f"Device {name}:{SECRET}", "Content-Type": "application/json"}
            connection.request("POST", "/api/iot/water-level", body, headers)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 202 or json.loads(text)["accepted"] != 1_000:
                wrong.append(f"{answer.status} {text[:200]!r}")
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(HTTP_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise RuntimeError(wrong[0])


def measure_stored(bench: Bench, sizes: Sizes, before: Cost) -> None:
    """Fills the collection further and further; each time reads it, and takes bursts again."""
    environment = {**bench.world.environment(), "DJANGO_SETTINGS_MODULE": "config.settings"}
    for first, end in pairwise((0, *sizes.stored)):
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.load.stored", str(first), str(end)],
            cwd=PROJECT_DIR,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        )
        found = json.loads(done.stdout.splitlines()[-1])
        stored = found["stored"]
        tell(
            "bytes_per_reading",
            found["bytes_per_reading"] / GOALS["bytes_per_reading"],
            bytes=found["bytes_per_reading"],
            stored=stored,
            filled_per_second=found["rows_per_second"],
        )
        for name, (ours, bare) in found["reads"].items():
            tell("read_to_bare_find", ours / bare, read=name, product_ms=ours, bare_ms=bare, stored=stored)
        tell_cost("cost_by_stored", warm_cost(bench, sizes), before, stored=stored)


def measure_devices(sizes: Sizes, few: Cost) -> None:
    """The same burst from many devices, each of which the listener has heard once before."""
    for devices in sizes.many_devices:
        with world(devices) as made:
            everyone_watches(made)
            bench = Bench(made)
            cold = bench.burst("product", made.devices)
            many = warm_cost(bench, sizes, least=made.devices)
        more = {"devices": devices, "cpu_per_100k_first_heard": round(cold.cpu, 2)}
        tell_cost("cost_by_devices", many, few, **more)


def tell_cost(figure: str, found: Cost, before: Cost, **more: Any) -> None:
    """The ratio is that of listener and mongod together."""
    parts = {"listener": found.listener, "mongod": found.mongod}
    parts |= {"listener_before": before.listener, "mongod_before": before.mongod}
    costs = {f"cpu_per_100k_{name}": round(cpu, 2) for name, cpu in parts.items()}
    tell(figure, found.whole / before.whole, **more, **costs)


def warm_cost(bench: Bench, sizes: Sizes, *, least: int = 0) -> Cost:
    """What readings cost a listener that knows its devices, and mongod: the median of bursts to one and the same."""
    taken: list[Cost] = []
    argv, ready, session = bench.consumer("product")
    messages = max(sizes.burst, least) // 3 * 3
    assert bench.world.mongod.process is not None
    mongod = psutil.Process(bench.world.mongod.process.pid)
    with bench.world.running(*argv, ready=ready) as process:
        for number in range(sizes.turns + 1):
            publishers = bench.world.publish(messages=messages, start=bench.start, turn=bench.turn)
            bench.turn += messages // bench.world.devices + 1
            before, cpu = bench.stored(), [sum(one.cpu_times()[:2]) for one in (process, mongod)]
            go(publishers)
            wait_until(lambda start=before: bench.stored() - start >= messages, seconds=300)
            spent = [sum(one.cpu_times()[:2]) - was for one, was in zip((process, mongod), cpu, strict=True)]
            if number:
                taken.append(Cost(*(one / messages * 100_000 for one in spent)))
            for publisher in publishers:
                publisher.wait()
    forget_session(bench.world.broker.port, session)
    return Cost(*(statistics.median(one) for one in zip(*taken, strict=True)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help="of mqtt, http, stored and devices; all, unless given")
    parser.add_argument("--quick", action="store_true", help="small sizes, in about two minutes")
    options = parser.parse_args()
    sizes = QUICK if options.quick else FULL
    parts = options.parts or ["mqtt", "http", "stored", "devices"]
    with world(DEVICES) as made:
        everyone_watches(made)
        bench = Bench(made)
        if "mqtt" in parts:
            measure_sustained(bench, sizes, measure_mqtt(bench, sizes))
        if "http" in parts:
            measure_http(bench, sizes)
        few = warm_cost(bench, sizes) if {"stored", "devices"} & set(parts) else Cost(0.0, 0.0)
        if "stored" in parts:
            measure_stored(bench, sizes, few)
    if "devices" in parts:
        measure_devices(sizes, few)


if __name__ == "__main__":
    main()
