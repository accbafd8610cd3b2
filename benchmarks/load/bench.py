"""What the parts of `benchmarks.ingest` share: bursts through one world, what they cost, and how figures are told."""

from __future__ import annotations

import json
import statistics
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple, Self

import paho.mqtt.client as mqtt
import psutil
import redis

from benchmarks.load.world import World, go, some_days_ago, wait_until

LISTENER = "water-tanks-listener"
STRAIGHT = {"own reader": "bulk", "paho": "paho", "gmqtt": "gmqtt"}
GOALS = {
    "mqtt_rate_to_straight": 0.7,
    "http_rate_to_bare": 0.7,
    "mqtt_rate_to_node_red": 15,
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


class Warm:
    """A listener at work that knows its devices already; what a burst costs it, and mongod. `with Warm(…) as warm`."""

    def __init__(self, bench: Bench, messages: int, rate: float | None) -> None:
        self.bench = bench
        self.messages = messages // 3 * 3
        self.rate = rate
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        argv, ready, session = self.bench.consumer("product")
        world = self.bench.world
        assert world.mongod.process is not None
        self._stack.callback(forget_session, world.broker.port, session)
        listener = self._stack.enter_context(world.running(*argv, ready=ready))
        self.processes = (listener, psutil.Process(world.mongod.process.pid))
        self.burst()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def burst(self) -> Cost:
        bench, messages = self.bench, self.messages
        publishers = bench.world.publish(
            messages=messages, start=bench.start, rate=self.rate, turn=bench.turn
        )
        bench.turn += messages // bench.world.devices + 1
        before, cpu = bench.stored(), self._cpu()
        go(publishers)
        wait_until(lambda: bench.stored() - before >= messages, seconds=300)
        spent = Cost(*((now - was) / messages * 100_000 for now, was in zip(self._cpu(), cpu, strict=True)))
        for publisher in publishers:
            publisher.wait()
        return spent

    def _cpu(self) -> list[float]:
        return [sum(process.cpu_times()[:2]) for process in self.processes]


def compare(
    one: Bench, other: Bench, sizes: Sizes, *, least: int = 0, rate: float | None = None
) -> tuple[Cost, Cost]:
    """What bursts (or a steady `rate`) cost in two worlds, in turns, so that both meet the same machine: medians."""
    messages = max(sizes.burst, least)
    with Warm(one, messages, rate) as first, Warm(other, messages, rate) as second:
        taken = [(first.burst(), second.burst()) for _ in range(sizes.turns)]
    return _median([costs[0] for costs in taken]), _median([costs[1] for costs in taken])


def _median(costs: Sequence[Cost]) -> Cost:
    return Cost(*(statistics.median(part) for part in zip(*costs, strict=True)))
