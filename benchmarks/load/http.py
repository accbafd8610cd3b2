"""Readings over HTTP, a thousand a post: the product's view against a bare callable that only stores."""

from __future__ import annotations

import hashlib
import http.client
import json
import statistics
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

from benchmarks.load.bench import Bench, Sizes, tell
from benchmarks.load.publisher import SPACING
from benchmarks.load.world import World, wait_until
from config.launcher.children import PROJECT_DIR
from config.launcher.ports import free_port, port_answers

HTTP_THREADS = 4
SECRET = "only for measuring"


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
