"""The servers of one measurement, what is stored in them, and the HTTP servers that are compared."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil

from config.launcher.children import PROJECT_DIR
from config.launcher.ports import free_port, port_answers
from config.launcher.processes import WEB_THREADS, WEB_WORKERS
from config.launcher.servers import Mongod, Valkey

EXPRESS = Path(__file__).with_name("express")
TANKS, OWN_ORDERS = 20, 200
CHUNK = 10_000
HARMLESS_LIMIT = "1000000000"  # limits are counted as always, and never reached


class World:
    """MongoDB and Valkey with one customer, 20 tanks, 200 orders of theirs, and as much of others' as asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mongod = Mongod(port=free_port(), data_dir=folder / "mongod")
        self.valkey = Valkey(port=free_port(avoid=[self.mongod.port]), data_dir=folder / "valkey")
        (folder / "var" / "static").mkdir(parents=True)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "MONGODB_URI": self.mongod.url,
            "MONGODB_NAME": "api_bench",
            "REDIS_URL": self.valkey.url,
            "VAR_DIR": str(self.folder / "var"),
            "SECRET_KEY": self.secret,
            "DEMO": "0",
            "DEBUG": "0",
            "ALLOWED_HOSTS": "127.0.0.1",
            "LOG_LEVEL": "ERROR",
            "ACCESS_TOKEN_SECONDS": "7200",
            "RATE_LIMIT_READ": HARMLESS_LIMIT,
            "OMP_NUM_THREADS": "1",
            "PYTHONDONTWRITEBYTECODE": "",
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }

    def start(self) -> None:
        self.secret = secrets.token_urlsafe(48)
        for server in (self.mongod, self.valkey):
            server.start()
        os.environ.update(self.environment)
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        self.make_customer()

    def stop(self) -> None:
        for server in (self.valkey, self.mongod):
            server.stop()

    def make_customer(self) -> None:
        from accounts.models import Address, PriceTier, Role, ServiceArea, Supplier, User
        from accounts.tokens import tokens_issue
        from common.mongo import collection, database
        from common.time import utc_now
        from orders.models import Order
        from orders.services import order_place
        from tanks.models import CurrentLevel, Device, GeoPoint, Tank

        address = Address(street="Well Lane 1", city="Tucson", postal_code="85701", country="US")
        customer = User.objects.create_user(name="Ann", email="ann@example.org", address=address)
        user = User.objects.create_user(name="Sam", email="sam@example.org", role=Role.SUPPLIER)
        Supplier.objects.create(
            user=user,
            company="Sam's Springs",
            service_areas=[ServiceArea(region="Tucson", postal_codes=["85701"])],
            pricing=[PriceTier(min_volume=0, max_volume=None, price_per_liter="0.0215")],
        )
        now = utc_now()
        for number in range(TANKS):
            level = CurrentLevel(level=61.5, volume_liters=6_150, timestamp=now)
            place = GeoPoint(coordinates=[-110.97, 32.22])
            tank = Tank.objects.create(
                user=customer,
                series=number + 1,
                name=f"Tank {number}",
                capacity=10_000,
                device_id=f"bench-{number}",
                current_level=level,
                location=place,
                created_at=now - timedelta(days=number),
            )
            Device.objects.create(
                device_id=f"bench-{number}", tank=tank, secret_hash="0" * 64, status="online"
            )
        placed = order_place(user=customer, tank=Tank.objects.get(series=1), amount=1_000)
        self.order = collection(Order).find_one({"_id": placed.pk})
        step = self.order["status_history"][0]
        names = ("acknowledged", "scheduled", "in_transit", "delivered")
        self.order["status_history"] += [{**step, "status": name, "updated_by": user.pk} for name in names]
        self.order |= {"status": "delivered", "is_open": False, "unannounced": False}
        collection(Order).delete_many({})
        self.database: Any = database()
        self.token = tokens_issue(user=customer)["access"]
        self.tank_id = Tank.objects.get(series=1).pk

    def fill(self, size: int) -> None:
        """`size` readings of the first tank, a minute apart, and `size` orders, of which 200 are the customer's."""
        from bson import ObjectId

        from common.time import utc_now
        from orders.models import Order
        from tanks import readings

        self.database.readings.delete_many({})
        newest = readings.to_ms(utc_now())
        for start in range(0, size, CHUNK):
            rows = [
                {"_id": readings.key(1, newest - n * 60_000, 1), "l": 60_000 + n % 9_000, "v": 6_000_000 + n}
                for n in range(start, min(size, start + CHUNK))
            ]
            self.database.readings.insert_many(rows, ordered=False)
        orders = Order._meta.db_table
        self.database[orders].delete_many({})
        self.database["seed_order"].replace_one({"_id": 0}, {**self.order, "_id": 0}, upsert=True)
        others, mine = ObjectId(), self.order["user_id"]
        serial = {"$add": ["$number", 0]}
        # Made by the server itself, a million documents take less than a minute.
        self.database["seed_order"].aggregate(
            [
                {"$set": {"tens": {"$range": [0, size // 100]}, "ones": {"$range": [0, 100]}}},
                {"$unwind": "$tens"},
                {"$unwind": "$ones"},
                {"$set": {"number": {"$add": [{"$multiply": ["$tens", 100]}, "$ones"]}}},
                {
                    "$set": {
                        "_id": serial,
                        "order_number": {"$concat": ["WO-", {"$toString": "$number"}]},
                        "user_id": {"$cond": [{"$lt": ["$number", OWN_ORDERS]}, mine, others]},
                        "order_date": {
                            "$dateSubtract": {
                                "startDate": "$order_date",
                                "unit": "minute",
                                "amount": "$number",
                            }
                        },
                    }
                },
                {"$unset": ["tens", "ones", "number"]},
                {"$out": orders},
            ]
        )

    @contextlib.contextmanager
    def serving(self, name: str) -> Iterator[Server]:
        """The HTTP server `product`, `bare` or `express`, answering; ended afterwards."""

        def command(port: int) -> list[str]:
            return express(self.folder, port) if name == "express" else gunicorn(name, port)

        with self.running(name, command) as server:
            yield server

    @contextlib.contextmanager
    def running(self, name: str, command: Callable[[int], list[str]]) -> Iterator[Server]:
        """A server started by the command line for a port, answering; ended afterwards."""
        port = free_port()
        process = subprocess.Popen(
            command(port),
            cwd=PROJECT_DIR,
            env={**os.environ, "PORT": str(port)},
            stdout=subprocess.DEVNULL,
        )
        try:
            for _ in range(600):
                if port_answers("127.0.0.1", port):
                    break
                if process.poll() is not None:
                    raise RuntimeError(f"{name} ended before it answered")
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.1)
            yield Server(port, psutil.Process(process.pid))
        finally:
            process.terminate()
            process.wait(60)


class Server:
    def __init__(self, port: int, process: psutil.Process) -> None:
        self.port, self.process = port, process

    def cpu_seconds(self) -> float:
        """What the server and its workers have used of the processor so far."""
        every = [self.process, *self.process.children(recursive=True)]
        return sum(sum(one.cpu_times()[:2]) for one in every)


def gunicorn(name: str, port: int, *, workers: int = WEB_WORKERS, threads: int = WEB_THREADS) -> list[str]:
    """The product's own way of serving, for either callable."""
    application = {"product": "config.wsgi:application", "bare": "benchmarks.http.bare:application"}[name]
    return [
        *(sys.executable, "-m", "gunicorn", application, "--bind", f"127.0.0.1:{port}"),
        *("--worker-class", "config.webserver.LiveHandoffWorker", "--preload"),
        *("--workers", str(workers), "--threads", str(threads)),
        *("--keep-alive", "15", "--no-control-socket", "--log-level", "error"),
    ]


def express(folder: Path, port: int) -> list[str]:
    """Express with Mongoose, its packages installed into `folder`. Raises OSError or CalledProcessError without."""
    home = folder / "express"
    if not home.exists():
        shutil.copytree(EXPRESS, home)
        subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--silent"],
            cwd=home,
            check=True,
            capture_output=True,
        )
    return ["node", str(home / "server.mjs"), str(port)]


@contextlib.contextmanager
def world() -> Iterator[World]:
    folder = Path(tempfile.mkdtemp(prefix="water-tanks-api-bench-"))
    made = World(folder)
    try:
        made.start()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)
