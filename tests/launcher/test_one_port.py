"""HTTP and WebSockets on one port: the web worker hands live sockets to the live process."""

import asyncio
import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import websockets

from config.launcher import children
from config.launcher.children import Command
from config.launcher.ports import free_port, port_answers

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(__file__).parent / "programs"
KEEP_ALIVE = 2
CLOSING = b"Host: x\r\nConnection: close\r\n\r\n"


class Pair:
    """A gunicorn and a live process that share a port."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.env = {
            "LIVE_SOCKET": str(folder / "live.sock"),
            "LIVE_APPLICATION": "echo:live",
            "PYTHONPATH": os.pathsep.join([str(PROGRAMS), str(ROOT)]),
        }
        worker = ("--worker-class", "config.webserver.LiveHandoffWorker", "--keep-alive", str(KEEP_ALIVE))
        self.web = self.spawn(
            *("gunicorn", "echo:web", "--bind", f"127.0.0.1:{self.port}", *worker),
            *("--workers", "2", "--threads", "2", "--no-control-socket", "--log-level", "critical"),
        )
        self.live = self.start_live()

    def spawn(self, *module: str) -> "subprocess.Popen[bytes]":
        command = Command(module[0], (sys.executable, "-m", *module), env=self.env)
        return children.spawn(command, output=subprocess.DEVNULL)

    def start_live(self) -> "subprocess.Popen[bytes]":
        process = self.spawn("config.liveserver")
        deadline = time.monotonic() + 20
        while not (port_answers("127.0.0.1", self.port) and self._live_answers()):
            assert time.monotonic() < deadline, "not up in time"
            time.sleep(0.05)
        return process

    def _live_answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as channel:
            return channel.connect_ex(self.env["LIVE_SOCKET"]) == 0

    def connect(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port))
        connection.settimeout(5)
        return connection

    def talk(self, *pieces: bytes) -> bytes:
        """Send the pieces a moment apart, and read until the server closes."""
        with self.connect() as connection:
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(0.03)
            said = b""
            while part := connection.recv(65536):
                said += part
            return said

    @property
    def live_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws/live"


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with tempfile.TemporaryDirectory(prefix="water-tanks-port-") as folder:
        pair = Pair(Path(folder))
        yield pair
        children.stop(pair.web, seconds=5)
        children.stop(pair.live, seconds=5)


async def test_a_socket_reaches_the_live_process_with_the_clients_own_address(pair: Pair) -> None:
    async with websockets.connect(pair.live_url) as client:
        host, port = client.local_address
        assert await client.recv() == f"/ws/live from {host}:{port}"
        await client.send("there and back")
        assert await client.recv() == "there and back"


async def test_hundreds_of_sockets_leave_the_web_processes_free(pair: Pair) -> None:
    clients = await asyncio.gather(*(websockets.connect(pair.live_url, open_timeout=30) for _ in range(200)))
    answer = await asyncio.to_thread(pair.talk, b"GET /free HTTP/1.1\r\n" + CLOSING)
    assert answer.endswith(b"/free from 127.0.0.1 with 0")
    await asyncio.gather(*(client.close() for client in clients))


def test_a_kept_alive_connection_serves_http_then_goes_live(pair: Pair) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", pair.port, timeout=5)
    with contextlib.closing(connection):
        for body in (b"", b"x" * 3_000_000):
            connection.request("POST", "/body", body=body)
            assert connection.getresponse().read() == f"/body from 127.0.0.1 with {len(body)}".encode()
        connection.request("GET", "/ws/live")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (426, b"live")


@pytest.mark.parametrize(
    ("pieces", "end"),
    [
        (
            [b"G", b"E", b"T /he", b"ad HTTP/1.1\r\n" + CLOSING[:-1], CLOSING[-1:]],
            b"/head from 127.0.0.1 with 0",
        ),
        (
            [b"POST /b HTTP/1.1\r\nContent-Length: 4\r\n" + CLOSING + b"a", b"bc", b"d"],
            b"/b from 127.0.0.1 with 4",
        ),
        ([b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\n" + CLOSING], b"/2 from 127.0.0.1 with 0"),
        ([b"GE", b"T /w", b"s/live HTTP/1.1\r\n", CLOSING], b"live\r\n0\r\n\r\n"),
    ],
    ids=["head in pieces", "body in pieces", "two at once", "live in pieces"],
)
def test_a_request_is_understood_however_it_is_cut(pair: Pair, pieces: list[bytes], end: bytes) -> None:
    assert pair.talk(*pieces).endswith(end)


@pytest.mark.parametrize(
    ("head", "status"),
    [(b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n", 414), (b"not HTTP\r\n\r\n", 400)],
    ids=["too long", "nonsense"],
)
def test_a_head_that_cannot_be_read_is_answered_with_a_problem(pair: Pair, head: bytes, status: int) -> None:
    answer = pair.talk(head)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert b"Content-Type: application/problem+json\r\n" in answer
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["status"] == status


def test_clients_that_send_nothing_or_little_hold_no_thread_and_are_closed(pair: Pair) -> None:
    idle = [pair.connect() for _ in range(60)]
    for connection in idle[30:]:
        connection.sendall(b"GET /never HTTP/1.1\r\n")
    began = time.monotonic()
    assert pair.talk(b"GET /quick HTTP/1.1\r\n" + CLOSING).endswith(b"/quick from 127.0.0.1 with 0")
    assert time.monotonic() - began < 1
    for connection in idle:
        with contextlib.suppress(ConnectionResetError), connection:
            assert connection.recv(1) == b""
    assert time.monotonic() - began < KEEP_ALIVE + 3


async def test_while_the_live_process_is_away_sockets_are_told_503_and_http_goes_on(pair: Pair) -> None:
    children.kill_group(pair.live)
    with pytest.raises(websockets.InvalidStatus) as refused:
        await websockets.connect(pair.live_url)
    assert refused.value.response.status_code == 503
    assert refused.value.response.headers["Retry-After"] == "1"
    assert b'"code":"live_unavailable"' in (refused.value.response.body or b"")
    assert (await asyncio.to_thread(pair.talk, b"GET /on HTTP/1.1\r\n" + CLOSING)).endswith(b" with 0")
    pair.live = await asyncio.to_thread(pair.start_live)
    async with websockets.connect(pair.live_url) as client:
        assert (await client.recv()).startswith("/ws/live from ")
