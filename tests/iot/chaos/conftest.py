"""A world of its own for breaking things in: MongoDB, Valkey, Mosquitto, listeners and a worker as real processes.

`CHAOS=full` makes every trial longer (`make chaos`).
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from benchmarks.load.bench import forget_session
from benchmarks.load.world import World, mosquitto_is_here
from config.launcher.children import PROJECT_DIR
from tanks.readings import from_ms
from tests.iot.chaos.replica_set import ReplicaSet
from tests.iot.chaos.stream import Plan, Publisher, Sent

FULL = os.environ.get("CHAOS") == "full"
DEVICES = 60 if FULL else 16
READINGS = 900 if FULL else 150  # of each device
RATE = None if FULL else 800.0  # readings a second; None: as many as the broker takes

LEFT_BEHIND = (
    *("readings", "tanks_alert", "orders_order", "notifications_notification", "iot_rejectedmessage"),
    *("tanks_tank", "tanks_device", "accounts_user", "accounts_supplier", "order_leases"),
)


class Processes:
    """Listeners and workers that come back when they are killed, as the launcher sees to."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.commands: dict[str, tuple[str, ...]] = {}
        self.log = world.folder / "processes.log"
        self._guard = threading.Thread(target=self._keep, daemon=True)
        self._over = threading.Event()
        self._guard.start()

    def start(self, name: str, *argv: str) -> None:
        self.commands[name] = argv
        self._spawn(name)

    def _spawn(self, name: str) -> None:
        with self.log.open("ab") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, *self.commands[name]],
                cwd=PROJECT_DIR,
                env=self.world.environment(),
                stdout=log,
                stderr=log,
            )

    def _keep(self) -> None:
        while not self._over.wait(0.1):
            for name, process in list(self.running.items()):
                if process.poll() is not None and not self._over.is_set():
                    self._spawn(name)

    def kill(self, name: str) -> None:
        self.running[name].kill()

    def remove(self, name: str) -> None:
        """Killed, and it does not come back."""
        process = self.running.pop(name)
        process.kill()
        process.wait()

    def stop(self) -> None:
        self._over.set()
        self._guard.join()
        for process in self.running.values():
            process.kill()
        for process in self.running.values():
            process.wait()
        self.running.clear()


@dataclass(frozen=True)
class Outcome:
    """What a stream comes to beyond its readings: by device, in order."""

    alerts: list[tuple[int, str, str, bool]]  # kind, severity, is open
    orders: list[tuple[int, str, bool]]  # status, placed by the product itself


class Trial:
    """One stream through one misfortune."""

    def __init__(self, world: World, readings: int = READINGS) -> None:
        self.world = world
        self.plan = Plan(DEVICES, readings)
        self.processes = Processes(world)
        self.publishers: list[Publisher] = []

    def prepare(self, *, listeners: int = 1) -> None:
        database = self.world.database
        for name in LEFT_BEHIND:
            database[name].delete_many({})
        subprocess.run(
            [sys.executable, "-m", "tests.iot.chaos.seed", str(DEVICES)],
            cwd=PROJECT_DIR,
            env=self.world.environment(),
            check=True,
        )
        group = ("--group", "fleet") if listeners > 1 else ()
        for number in range(listeners):
            name = f"listener-{number}"
            self.processes.start(name, "manage.py", "mqtt_listener", "--name", name, *group)
        self.processes.start(
            "worker",
            *("-m", "celery", "-A", "config.celery", "worker", "--pool", "solo", "--without-mingle"),
            *("--without-gossip", "--without-heartbeat", "--loglevel", "WARNING"),
        )
        self.wait_for_listeners(listeners)

    def wait_for_listeners(self, count: int) -> None:
        # The broker keeps nothing for a session that has not subscribed yet.
        def subscribed() -> bool:
            return self.processes.log.exists() and (
                self.processes.log.read_bytes().count(b"subscribed as") >= count
            )

        wait_until(subscribed, 60)

    def publish(self, messages: list[Sent] | None = None, *, rate: float | None = RATE) -> list[Publisher]:
        """Starts the stream: each device's messages by one publisher, in order."""
        messages = self.plan.in_order() if messages is None else messages
        started = []
        for number in range(2):
            mine = [one for one in messages if one.device % 2 == number]
            publisher = Publisher(
                port=self.world.broker.port, messages=mine, rate=rate and rate / 2, name=f"p{number}"
            )
            publisher.start()
            started.append(publisher)
        self.publishers += started
        return started

    def wait_for_share(self, share: float, *, of: list[Publisher] | None = None) -> None:
        """Until the broker has taken so much of what these publish; of everything, unless given."""
        publishers = self.publishers if of is None else of
        wanted = share * sum(len(publisher.messages) for publisher in publishers)
        wait_until(lambda: sum(len(publisher.acknowledged) for publisher in publishers) >= wanted, 120)

    def backlog(self) -> int:
        """How many readings are not stored yet."""
        # The collection's own estimate is wrong after a crash.
        return self.plan.devices * self.plan.readings - int(self.world.database.readings.count_documents({}))

    def finish(self) -> Outcome:
        """Everything sent is stored once, levels are the newest; and what followed from them."""
        for publisher in self.publishers:
            publisher.finish()
        database = self.world.database
        try:
            wait_until(lambda: self.backlog() <= 0, 90)
        except AssertionError:
            raise AssertionError(f"{self.backlog()} readings are missing") from None
        low = self.plan.devices // 2
        wait_until(lambda: database.orders_order.count_documents({}) >= low, 60)
        wait_until(lambda: self._levels() == self._newest(), 20)
        self._check_readings()
        time.sleep(0.5)  # for what should not happen
        assert database.iot_rejectedmessage.count_documents({"device_id": {"$regex": "^dev-"}}) == 0
        return self._outcome()

    def _outcome(self) -> Outcome:
        database = self.world.database
        devices = {tank["_id"]: device for device, tank in self._tanks().items()}
        return Outcome(
            sorted(
                (devices[alert["tank_id"]], alert["kind"], alert["severity"], alert["is_open"])
                for alert in database.tanks_alert.find()
            ),
            sorted(
                (devices[order["tank_id"]], order["status"], order["auto"])
                for order in database.orders_order.find()
            ),
        )

    def forget_sessions(self) -> None:
        """The broker keeps nothing for listeners that are gone."""
        for number in range(2):
            forget_session(self.world.broker.port, f"listener-{number}")

    def end(self) -> None:
        self.processes.stop()
        self.processes.log.unlink(missing_ok=True)
        self.forget_sessions()

    def _tanks(self) -> dict[int, Any]:
        return {int(tank["device_id"][4:]): tank for tank in self.world.database.tanks_tank.find()}

    def _levels(self) -> dict[int, tuple[float, Any]]:
        return {
            device: (tank["current_level"]["level"], tank["current_level"]["timestamp"])
            for device, tank in self._tanks().items()
            if tank.get("current_level")
        }

    def _newest(self) -> dict[int, tuple[float, Any]]:
        last = self.plan.readings - 1
        return {
            device: (self.plan.level(device, last), self.plan.at(last)) for device in range(self.plan.devices)
        }

    def _check_readings(self) -> None:
        stored: dict[int, dict[Any, float]] = {}
        for document in self.world.database.readings.find():
            key = document["_id"]
            series, ms = int.from_bytes(key[:4], "big"), int.from_bytes(key[4:10], "big")
            stored.setdefault(series, {})[from_ms(ms)] = document["l"] / 1000
        for device, tank in self._tanks().items():
            wanted = {self.plan.at(s): self.plan.level(device, s) for s in range(self.plan.readings)}
            assert stored[tank["series"]] == wanted


def wait_until(condition: Callable[[], Any], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture(scope="session")
def broken_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    if not mosquitto_is_here():
        pytest.skip("Mosquitto is not installed")
    world = World(Path(tmp_path_factory.mktemp("chaos")), 0)
    world.start()
    yield world
    world.stop()


@pytest.fixture
def trial_on_three(tmp_path: Path) -> Iterator[Trial]:
    """A trial on a replica set of three."""
    if not mosquitto_is_here():
        pytest.skip("Mosquitto is not installed")
    world = World(tmp_path, 0, mongod=ReplicaSet)
    world.start()
    made = Trial(world)
    yield made
    made.processes.stop()
    world.stop()


@pytest.fixture
def trial(broken_world: World) -> Iterator[Trial]:
    made = Trial(broken_world)
    yield made
    made.end()


@pytest.fixture(scope="session")
def clean(broken_world: World) -> Outcome:
    """What the stream comes to when nothing breaks."""
    undisturbed = Trial(broken_world, 150)
    undisturbed.prepare()
    undisturbed.publish(rate=2_000)
    outcome = undisturbed.finish()
    undisturbed.end()
    return outcome
