"""A MongoDB that hangs: the listener says so, holds little, and loses nothing."""

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator
from http.client import HTTPConnection

import psutil
import pytest

from config.launcher.ports import free_port, port_answers
from iot.mqtt.listener import INBOX_BYTES
from tests.iot.chaos.conftest import FULL, Outcome, Trial, wait_until
from tests.iot.chaos.stream import Publisher, Sent

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

HANGS_SECONDS = (
    45 if FULL else 0
)  # at least until the driver gives the connection up, or only until it is told
LARGE = Sent(0, 0, "tanks/stranger/level", b"x" * 500_000)
LARGE_COUNT = 400  # three times what the inbox may hold


@pytest.fixture
def hanging(trial: Trial) -> Iterator[contextlib.AbstractContextManager[None]]:
    """`with hanging:` mongod is there and does nothing."""

    @contextlib.contextmanager
    def hang() -> Iterator[None]:
        assert trial.world.mongod.process is not None
        pid = trial.world.mongod.process.pid
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    return hang()


def ready(port: int) -> tuple[int, dict[str, str]]:
    with contextlib.closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("GET", "/readyz", headers={"Host": "localhost"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())["checks"]


def test_a_mongod_that_hangs_stops_the_listener_and_nothing_is_lost(
    trial: Trial, clean: Outcome, hanging: contextlib.AbstractContextManager[None]
) -> None:
    trial.prepare()
    port = free_port()
    serving = ("gunicorn", "config.wsgi:application", "--bind", f"127.0.0.1:{port}", "--threads", "4")
    trial.processes.start("web", "-m", *serving)
    wait_until(lambda: port_answers("127.0.0.1", port), 60)
    wait_until(lambda: ready(port)[0] == 200, 30)
    listener = psutil.Process(trial.processes.running["listener-0"].pid)
    before = listener.memory_info().rss
    trial.publish()
    trial.wait_for_share(0.3)
    with hanging:
        until = time.monotonic() + HANGS_SECONDS
        flood = Publisher(
            port=trial.world.broker.port, messages=[LARGE] * LARGE_COUNT, rate=None, name="flood"
        )
        flood.start()
        wait_until(lambda: ready(port)[1]["listener"] == "failing", 30)
        status, told = ready(port)
        assert (status, told["mongodb"], told["redis"]) == (503, "failing", "ok")
        flood.finish()
        trial.wait_for_share(1.0)  # the broker takes it all
        wait_until(lambda: time.monotonic() >= until, HANGS_SECONDS + 5)
        held = listener.memory_info().rss - before
    assert trial.finish() == clean
    wait_until(lambda: trial.world.database.iot_rejectedmessage.count_documents({}) >= LARGE_COUNT, 60)
    wait_until(lambda: ready(port)[0] == 200, 30)
    assert listener.is_running()
    assert held < INBOX_BYTES * 1.5
