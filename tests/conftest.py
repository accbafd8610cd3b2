"""The real servers the tests talk to, and what keeps one test's data from the next.

MongoDB (replica set), Valkey and the MQTT broker get ports and a folder of their own before the settings are
read, and start when the first test asks for a database or for `servers`. `var/` is never touched.
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from config.launcher.ports import free_port
from config.launcher.servers import Broker, Mongod, Server, Valkey

pytest_plugins = ["tests.cast", "tests.receiver"]

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

_folder = Path(tempfile.mkdtemp(prefix="water-tanks-tests-"))
_mongod = Mongod(port=free_port(), data_dir=_folder / "mongod")
_valkey = Valkey(port=free_port(avoid=[_mongod.port]), data_dir=_folder / "valkey")
_broker = Broker(port=free_port(avoid=[_mongod.port, _valkey.port]), data_dir=_folder / "broker")

(_folder / "var" / "static").mkdir(parents=True)
os.environ.update(
    MONGODB_URI=_mongod.url,
    REDIS_URL=_valkey.url,
    MQTT_URL=_broker.url,
    VAR_DIR=str(_folder / "var"),
    SECRET_KEY="a key for tests alone, of no use elsewhere",
    DEBUG="0",
    DEMO="0",
    ALLOWED_HOSTS="localhost,127.0.0.1,testserver",
    DJANGO_SETTINGS_MODULE="config.settings",
)
for _name in ("PORT", "MQTT_PORT", "BIND_ADDRESS", "PUBLIC_URL"):
    os.environ.pop(_name, None)


@dataclass(frozen=True)
class Servers:
    """Addresses of the running servers, for tests that speak to one directly."""

    mongodb_uri: str
    redis_url: str
    mqtt_url: str
    mqtt_port: int


def pytest_configure(config: pytest.Config) -> None:
    import hypothesis

    # In CI the same examples every time; everywhere as long as they take, on however busy a machine.
    hypothesis.settings.register_profile("tests", deadline=None, derandomize=os.environ.get("CI") == "true")
    hypothesis.settings.load_profile("tests")
    # The settings read the addresses above, so they are loaded here rather than by pytest-django's option.
    import django

    django.setup()


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(_folder, ignore_errors=True)


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """MongoDB, Valkey and the broker, running. Ask for it in tests that use one without a Django database."""
    every: list[Server] = [_mongod, _valkey, _broker]
    try:
        # Started one by one: a child lives no longer than the thread that started it.
        for server in every:
            server.launch()
        with ThreadPoolExecutor(len(every)) as pool:
            list(pool.map(lambda server: server.wait_healthy(), every))
        yield Servers(_mongod.url, _valkey.url, _broker.url, _broker.port)
    finally:
        with ThreadPoolExecutor(len(every)) as pool:
            list(pool.map(lambda server: server.stop(), every))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(servers: Servers) -> None:
    """pytest-django's place for what must be there before the test database is made."""


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> "Iterator[Cleaner]":
    """The migrated test database, and what was in it then."""
    with django_db_blocker.unblock():
        from django.db import connection

        yield Cleaner(connection.database)


class Cleaner:
    """Brings every collection back to what the migrations left: transactions cannot do it on MongoDB."""

    def __init__(self, database: Any) -> None:
        self.database = database
        self.original = {name: count for name, count in self.counts().items() if count}
        self.original_ids = {
            name: [row["_id"] for row in database[name].find({}, {"_id": 1})] for name in self.original
        }

    def counts(self) -> dict[str, int]:
        """Rows in every collection, by one command."""
        names = [
            row["name"]
            for row in self.database.list_collections(filter={"type": "collection"})
            if not row["name"].startswith("system.")
        ]
        if not names:
            return {}
        count: list[dict[str, Any]] = [{"$collStats": {"count": {}}}]
        others = [{"$unionWith": {"coll": name, "pipeline": count}} for name in names[1:]]
        rows = self.database[names[0]].aggregate([*count, *others])
        return {row["ns"].partition(".")[2]: row["count"] for row in rows}

    def clean(self) -> None:
        for name, count in self.counts().items():
            if count != self.original.get(name, 0):
                self.database[name].delete_many({"_id": {"$nin": self.original_ids.get(name, [])}})


@pytest.fixture(autouse=True)
def _each_test_starts_clean(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if _valkey.process is not None:
        import redis

        with contextlib.closing(redis.Redis.from_url(_valkey.url)) as client:
            client.flushall()
    if "django_db_setup" in request.fixturenames or "_django_db_helper" in request.fixturenames:
        request.getfixturevalue("django_db_setup").clean()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return _no_skips_in_ci((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return _no_skips_in_ci((yield))


def _no_skips_in_ci(report: Report) -> Report:
    """In CI a skipped test is a failure: everything it needs can be installed there."""
    if os.environ.get("CI") == "true" and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} was skipped, which CI does not allow: {reason}"
    return report
