"""The real launcher with the real product, without demo data."""

import json
import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import paho.mqtt.client as mqtt
import pymongo
import pytest

from config.launcher.ports import free_port
from config.launcher.servers import Mongod
from tests.product import STOP_SECONDS, Product

LEVELS = 3_000


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    product = Product(tmp_path / "var")
    yield product
    product.end()


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_the_product_starts_heals_itself_and_stops_in_time(product: Product) -> None:
    product.wait_said("ready in")
    status, body = product.get("/readyz")
    assert (status, json.loads(body)["status"]) == (200, "ready")

    web, listener = product.pid("web"), product.pid("listener")
    for pid in (web, listener):
        os.kill(pid, signal.SIGKILL)
    product.wait_said("web was killed by SIGKILL; starting it again in 0.5 s", 5)
    deadline = time.monotonic() + 30
    while True:
        try:
            if product.get("/readyz")[0] == 200 and product.pid("listener") != listener:
                break
        except OSError:
            pass
        assert time.monotonic() < deadline, product.said()
        time.sleep(0.2)
    assert product.pid("web") != web

    acknowledged = publish_levels(product)
    family = product.family()
    assert len(family) >= 10
    began = time.monotonic()
    product.process.send_signal(signal.SIGTERM)
    assert product.process.wait(STOP_SECONDS) == 0
    assert time.monotonic() - began < STOP_SECONDS
    assert not [process for process in family if process.is_running()], product.said()
    assert "Traceback" not in product.said()
    # The stop came with the last acknowledgement, while most were still in the broker.
    assert stored_readings(product.var_dir) == acknowledged


def publish_levels(product: Product) -> int:
    """Publish readings of a new tank's device; returns how many, once the broker has acknowledged all."""
    person = {"name": "Ann", "email": "ann@example.com", "password": "a-Long-one-2026"}
    with httpx.Client(base_url=product.url) as api:
        access = api.post("/api/auth/register", json=person).raise_for_status().json()["access"]
        tank = {"capacity": 1000, "deviceId": "ann-1", "autoOrder": False}
        api.post("/api/tanks", json=tank, headers={"Authorization": f"Bearer {access}"}).raise_for_status()
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.max_inflight_messages_set(500)
    client.connect("127.0.0.1", product.mqtt_port)
    client.loop_start()
    began = datetime.now(UTC) - timedelta(hours=1)
    told = [
        client.publish(
            "tanks/ann-1/level",
            json.dumps({"level": 60, "timestamp": (began + timedelta(seconds=second)).isoformat()}),
            qos=1,
        )
        for second in range(LEVELS)
    ]
    for publication in told:
        publication.wait_for_publish(30)
    client.loop_stop()
    return len(told)


def stored_readings(var_dir: Path) -> int:
    mongod = Mongod(port=free_port(), data_dir=var_dir / "mongod")
    mongod.start()
    try:
        with pymongo.MongoClient(mongod.url) as client:
            return int(client[Mongod.database].readings.count_documents({}))
    finally:
        mongod.stop()


@pytest.mark.slow
def test_a_bad_setting_stops_the_start_with_one_line_on_it(tmp_path: Path) -> None:
    product = Product(tmp_path / "var", SMTP_PORT="post")
    assert product.process.wait(60) == 1
    assert "SMTP_PORT" in product.said()
    assert "Traceback" not in product.said()
    product.output.close()


def test_a_bad_variable_stops_the_start_before_anything_is_made(tmp_path: Path) -> None:
    product = Product(tmp_path / "var", DEMO="perhaps")
    assert product.process.wait(20) == 1
    assert product.said().strip() == (
        "Cannot start: DEMO='perhaps' cannot be used. Allowed: 1 (demo data and simulated sensors) or 0 (neither)."
    )
    assert not (tmp_path / "var").exists()
    product.output.close()
