"""The same readings through a Node-RED flow, as such flows are drawn: mqtt in → function → insertOne and updateOne.

Node-RED and its MongoDB nodes are installed by npm, once, into `var/node-red` (or the folder of NODE_RED); nothing of
them is kept here. Each message is stored by itself with what the driver waits for by default, and the tank's level is
set by `_id`: the least such a flow can do. Node-RED acknowledges a message before it is stored.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from benchmarks.load.bench import Bench, Burst, Sizes, forget_session, tell
from benchmarks.load.world import go, wait_until
from config.launcher.children import PROJECT_DIR

PACKAGES = ("node-red@4", "node-red-contrib-mongodb4@3")
DATABASE, SESSION = "nodered", "node-red"
FOLDER = Path(os.environ.get("NODE_RED") or PROJECT_DIR / "var" / "node-red")
SETTINGS = """module.exports = {
  uiHost: "127.0.0.1", uiPort: 0, disableEditor: true, httpAdminRoot: false, flowFile: "flows.json",
  telemetry: { enabled: false }, logging: { console: { level: "info" } },
}
"""
FUNCTION = """const device = msg.topic.split("/")[1];
const at = new Date(msg.payload.timestamp);
const level = { level: msg.payload.level, timestamp: at };
return [
  { payload: [{ device, battery: msg.payload.battery, ...level }] },
  { payload: [{ _id: device }, { $set: { currentLevel: level } }] },
];
"""


def flow(*, mqtt_port: int, mongodb_uri: str) -> list[dict[str, Any]]:
    store = {"type": "mongodb4", "z": "tab", "clientNode": "mongo", "mode": "collection", "output": "toArray"}
    return [
        {"id": "tab", "type": "tab", "label": "tanks"},
        {"id": "broker", "type": "mqtt-broker", "broker": "127.0.0.1", "port": str(mqtt_port), "clientid": SESSION,
         "cleansession": False, "protocolVersion": "4", "keepalive": "60", "autoConnect": True},
        {"id": "mongo", "type": "mongodb4-client", "uriTabActive": "tab-uri-advanced", "uri": mongodb_uri,
         "dbName": DATABASE},
        {"id": "in", "type": "mqtt in", "z": "tab", "topic": "tanks/+/level", "qos": "1", "datatype": "json",
         "broker": "broker", "wires": [["make"]]},
        {"id": "make", "type": "function", "z": "tab", "func": FUNCTION, "outputs": 2, "libs": [],
         "wires": [["insert"], ["update"]]},
        {"id": "insert", **store, "collection": "readings", "operation": "insertOne", "wires": [[]]},
        {"id": "update", **store, "collection": "tanks", "operation": "updateOne", "wires": [[]]},
    ]  # fmt: skip


def measure_node_red(bench: Bench, sizes: Sizes) -> None:
    """The product and the flow in turns."""
    if not install():
        return
    database = bench.world.client[DATABASE]
    database.tanks.insert_many([{"_id": f"load-{number}"} for number in range(bench.world.devices)])
    taken: list[tuple[Burst, Burst]] = []
    for turn in range(sizes.turns + 1):
        ours = bench.burst("product", sizes.burst)
        theirs = flow_burst(bench, sizes.burst // 5)
        if turn:
            taken.append((ours, theirs))
    rates = [statistics.median(pair[side].rate for pair in taken) for side in (0, 1)]
    cpu = [statistics.median(pair[side].cpu for pair in taken) for side in (0, 1)]
    tell(
        "mqtt_rate_to_node_red",
        rates[0] / rates[1],
        product=round(rates[0]),
        node_red=round(rates[1]),
        cpu_per_100k_product=round(cpu[0], 2),
        cpu_per_100k_node_red=round(cpu[1], 2),
    )


def install() -> bool:
    """Whether Node-RED is there now. Says why not."""
    if not (FOLDER / "node_modules" / "node-red").is_dir():
        npm = shutil.which("npm")
        FOLDER.mkdir(parents=True, exist_ok=True)
        command = [npm or "npm", "install", "--no-audit", "--no-fund", "--prefix", str(FOLDER), *PACKAGES]
        done = npm and subprocess.run(command, check=False, capture_output=True, text=True)
        if not done or done.returncode:
            tell("mqtt_rate_to_node_red", 0, skipped=done.stderr[-300:] if done else "npm is not installed")
            return False
    return True


@contextmanager
def node_red(bench: Bench) -> Iterator[psutil.Process]:
    (FOLDER / "settings.js").write_text(SETTINGS)
    nodes = flow(mqtt_port=bench.world.broker.port, mongodb_uri=bench.world.mongod.url)
    (FOLDER / "flows.json").write_text(json.dumps(nodes))
    program = FOLDER / "node_modules" / "node-red" / "red.js"
    command = ["node", str(program), "--userDir", str(FOLDER), "--settings", str(FOLDER / "settings.js")]
    said = FOLDER / "node-red.log"  # a pipe that nobody reads would stop it
    with said.open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        wait_until(lambda: "Connected to broker" in said.read_text(), seconds=120)
        yield psutil.Process(process.pid)
    finally:
        process.kill()
        process.wait()


def flow_burst(bench: Bench, messages: int) -> Burst:
    """After a first few messages, for which the driver opens its connections."""
    messages -= messages % 3
    with node_red(bench) as process:
        time.sleep(1.0)  # it subscribes
        _store(bench, messages // 10 * 3)
        cpu = sum(process.cpu_times()[:2])
        seconds = _store(bench, messages)
        cpu = sum(process.cpu_times()[:2]) - cpu
    forget_session(bench.world.broker.port, SESSION)
    return Burst(messages / seconds, cpu / messages * 100_000)


def _store(bench: Bench, messages: int) -> float:
    """Seconds from the first publication until all are stored."""
    readings = bench.world.client[DATABASE].readings
    publishers = bench.world.publish(messages=messages, start=bench.start, turn=bench.turn)
    bench.turn += messages // bench.world.devices + 1
    before = readings.estimated_document_count()
    go(publishers)
    begun = time.monotonic()
    over = wait_until(lambda: readings.estimated_document_count() - before >= messages, seconds=300)
    for publisher in publishers:
        publisher.wait()
    return over - begun
