"""The servers of one measurement, its devices, and what runs against them."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
from bson import ObjectId
from pymongo import MongoClient

from config.launcher.children import PROJECT_DIR, Command
from config.launcher.ports import free_port
from config.launcher.servers import Broker, Mongod, Server, Valkey

DATABASE = "load"
PUBLISHERS = 3
SECRET = "0" * 64


class RoomyMongod(Mongod):
    """With the cache of a small server's. `make run`'s keeps half a gigabyte, of which a twentieth may wait to be
    written: less than the pages that a thousand tanks write to at once, which then are written over and over."""

    cache_gigabytes = 4.0


class Mosquitto(Server):
    """Mosquitto of the system, with its queues opened up as docs/operations.md says."""

    name = "mosquitto"

    @property
    def url(self) -> str:
        return f"mqtt://{self.host}:{self.port}"

    def prepare(self) -> Command:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        config = self.data_dir / "mosquitto.conf"
        user = "root\n" if os.geteuid() == 0 else "mosquitto\n"
        config.write_text(
            f"listener {self.port} {self.host}\nallow_anonymous true\nuser {user}"
            f"persistence true\npersistence_location {self.data_dir}/\nautosave_interval 1\n"
            "max_inflight_messages 20000\nmax_queued_messages 0\n"
        )
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        return Command(name=self.name, argv=(program, "-c", str(config)))

    healthy = Broker.healthy


def mosquitto_is_here() -> bool:
    return bool(shutil.which("mosquitto")) or Path("/usr/sbin/mosquitto").exists()


class World:
    """Running servers and `devices` registered devices with a tank each."""

    def __init__(
        self,
        folder: Path,
        devices: int,
        *,
        embedded_broker: bool = False,
        mongod: Callable[..., Server] = RoomyMongod,
    ) -> None:
        self.devices = devices
        ports: list[int] = []
        for _ in range(3):
            ports.append(free_port(avoid=ports))
        self.mongod = mongod(port=ports[0], data_dir=folder / "mongod")
        self.valkey = Valkey(port=ports[1], data_dir=folder / "valkey")
        broker = Broker if embedded_broker or not mosquitto_is_here() else Mosquitto
        self.broker: Server = broker(port=ports[2], data_dir=folder / "broker")
        self.folder = folder

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "MONGODB_URI": self.mongod.url,
            "MONGODB_NAME": DATABASE,
            "REDIS_URL": self.valkey.url,
            "MQTT_URL": self.broker.url,
            "VAR_DIR": str(self.folder / "var"),
            "SECRET_KEY": "only for measuring, and only for as long",
            "DEMO": "0",
            "LOG_LEVEL": "WARNING",
        }

    def start(self) -> None:
        for server in (self.mongod, self.valkey, self.broker):
            server.start()
        self.client: MongoClient[dict[str, Any]] = MongoClient(self.mongod.url, tz_aware=True)
        self.database: Any = self.client[DATABASE]
        self.manage("migrate", "--verbosity", "0")
        self.make_devices()

    def stop(self) -> None:
        self.client.close()
        for server in (self.broker, self.valkey, self.mongod):
            server.stop()

    def manage(self, *arguments: str) -> None:
        subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=PROJECT_DIR, env=self.environment(), check=True
        )

    def make_devices(self) -> None:
        now = datetime.now(UTC)
        tanks, devices = [], []
        for number in range(self.devices):
            tank_id = ObjectId()
            tanks.append({
                "_id": tank_id, "device": number, "user_id": ObjectId(), "series": number + 1, "name": "",
                "capacity": 10_000.0, "low_water_threshold": 5.0, "critical_threshold": 2.0, "auto_order": False,
                "geometry": None, "supplier_ids": [], "created_at": now, "device_id": f"load-{number}",
            })  # fmt: skip
            devices.append({
                "_id": ObjectId(), "device_id": f"load-{number}", "tank_id": tank_id, "kind": "json", "slot": 1,
                "secret_hash": SECRET, "status": "online", "last_seen": now,
            })  # fmt: skip
        for name, rows in (("tanks_tank", tanks), ("tanks_device", devices)):
            for at in range(0, len(rows), 10_000):
                self.database[name].insert_many(rows[at : at + 10_000])

    def forget_readings(self) -> None:
        self.database.readings.delete_many({})
        self.database.tanks_tank.update_many({}, {"$unset": {"current_level": 1, "filter_state": 1}})

    def stored(self) -> int:
        return int(self.database.readings.estimated_document_count())

    @contextlib.contextmanager
    def running(self, *argv: str, ready: str) -> Iterator[psutil.Process]:
        """A process of the project, once it has said `ready`; killed afterwards."""
        process = subprocess.Popen(
            [sys.executable, *argv],
            cwd=PROJECT_DIR,
            env=self.environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if ready in line:
                    break
            yield psutil.Process(process.pid)
        finally:
            process.kill()
            process.wait()

    def publish(
        self, *, messages: int, start: datetime, rate: float | None = None, turn: int = 0
    ) -> list[subprocess.Popen[str]]:
        """Publishers that have made their messages and wait for the word, one line to stdin."""
        each, share = messages // PUBLISHERS, self.devices // PUBLISHERS
        made = [
            subprocess.Popen(
                [
                    *(sys.executable, "-m", "benchmarks.load.publisher", "--port", str(self.broker.port)),
                    *("--first", str(number * share), "--devices", str(share), "--messages", str(each)),
                    *("--start", start.isoformat(), "--turn", str(turn)),
                    *(("--rate", str(rate / PUBLISHERS)) if rate else ()),
                ],
                cwd=PROJECT_DIR,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for number in range(PUBLISHERS)
        ]
        for publisher in made:
            assert publisher.stdout is not None
            publisher.stdout.readline()
        return made


def go(publishers: Sequence[subprocess.Popen[str]]) -> None:
    for publisher in publishers:
        assert publisher.stdin is not None
        publisher.stdin.write("\n")
        publisher.stdin.flush()


def wait_until(condition: Any, *, seconds: float, every: float = 0.02) -> float:
    """When it came true (monotonic seconds). Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("it did not happen in time")
        time.sleep(every)
    return time.monotonic()


@contextlib.contextmanager
def world(devices: int, *, embedded_broker: bool = False) -> Iterator[World]:
    folder = Path(tempfile.mkdtemp(prefix="water-tanks-load-"))
    made = World(folder, devices, embedded_broker=embedded_broker)
    try:
        made.start()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


def some_days_ago() -> datetime:
    return datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)
