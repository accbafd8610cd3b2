"""The real launcher with the real product, without demo data."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from config.launcher.ports import free_port

ROOT = Path(__file__).parents[2]
READY_SECONDS = 90
STOP_SECONDS = 10


class Product:
    """`python -m config.launcher` on ports and a folder of its own."""

    def __init__(self, var_dir: Path, **variables: str) -> None:
        self.port, self.var_dir = free_port(), var_dir
        given = {"PORT": str(self.port), "MQTT_PORT": str(free_port()), "VAR_DIR": str(var_dir), "DEMO": "0"}
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name not in ("MONGODB_URI", "REDIS_URL", "MQTT_URL", "SECRET_KEY")
        }
        self.output = var_dir.with_suffix(".txt").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "config.launcher"],
            cwd=ROOT,
            env={**inherited, **given, **variables},
            stdout=self.output,
            stderr=subprocess.STDOUT,
        )

    def said(self) -> str:
        return Path(self.output.name).read_text()

    def wait_said(self, text: str, seconds: float = READY_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while text not in self.said():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.1)

    def get(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def pid(self, name: str) -> int:
        return int((self.var_dir / "run" / "pids" / f"{name}.pid").read_text().split()[0])

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    product = Product(tmp_path / "var")
    yield product
    if product.process.poll() is None:
        product.process.terminate()
        product.process.wait(STOP_SECONDS * 2)
    product.output.close()


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

    family = product.family()
    assert len(family) >= 10
    began = time.monotonic()
    product.process.send_signal(signal.SIGTERM)
    assert product.process.wait(STOP_SECONDS) == 0
    assert time.monotonic() - began < STOP_SECONDS
    assert not [process for process in family if process.is_running()], product.said()
    assert "Traceback" not in product.said()


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
