"""The web and live processes as the product runs them, on the tests' servers and database."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import websockets
from django.db import connection

from config.launcher.ports import free_port

START_SECONDS = 30


@dataclass
class Product:
    """A web process with its live process, reachable on one port."""

    port: int
    processes: list[subprocess.Popen[bytes]]
    environment: dict[str, str]

    @property
    def live(self) -> subprocess.Popen[bytes]:
        return self.processes[0]


@contextlib.contextmanager
def running_product(folder: Path) -> Iterator[Product]:
    port = free_port()
    environment = {
        **os.environ,
        "MONGODB_NAME": connection.settings_dict["NAME"],
        "VAR_DIR": str(folder),
        "PORT": str(port),
        "LIVE_SOCKET": str(folder / "live.sock"),
        "ACCESS_TOKEN_SECONDS": "900",
    }
    gunicorn = ("gunicorn", "config.wsgi:application", "--bind", f"127.0.0.1:{port}", "--workers", "1")
    commands = [
        (sys.executable, "-m", "config.liveserver"),
        (
            *(sys.executable, "-m", *gunicorn, "--threads", "2", "--log-level", "warning"),
            *("--worker-class", "config.webserver.LiveHandoffWorker", "--no-control-socket"),
        ),
    ]
    with (folder / "product.log").open("ab") as log:
        processes = [
            subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
            for command in commands
        ]
    product = Product(port, processes, environment)
    try:
        asyncio.run(_ready(product))
        yield product
    finally:
        for process in product.processes:
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in product.processes:
            process.wait(20)


async def _ready(product: Product) -> None:
    """Until a socket is answered, with whatever answer."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            async with websockets.connect(f"ws://127.0.0.1:{product.port}/ws/none"):
                return
        except websockets.InvalidStatus as refused:
            if refused.response.status_code == 403:
                return
        except OSError:
            pass
        assert time.monotonic() < deadline, "the product did not start"
        await asyncio.sleep(0.1)


class Client:
    """A mobile app's socket."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket

    async def receive(self, seconds: float = 5) -> dict[str, Any]:
        return json.loads(await asyncio.wait_for(self.socket.recv(), seconds))

    async def events(self, count: int, seconds: float = 10) -> list[dict[str, Any]]:
        async with asyncio.timeout(seconds):
            return [json.loads(await self.socket.recv()) for _ in range(count)]

    async def silence(self, seconds: float = 0.5) -> None:
        """Nothing comes for so long."""
        with pytest.raises(TimeoutError):
            await self.receive(seconds)

    async def resume(self, after: Any) -> None:
        await self.socket.send(json.dumps({"type": "resume", "after": after}))

    async def close_code(self, seconds: float = 5) -> int:
        await asyncio.wait_for(self.socket.wait_closed(), seconds)
        return self.socket.close_code


@contextlib.asynccontextmanager
async def listening(product: Product, token: str, **options: Any) -> AsyncIterator[Client]:
    """A connected client that has been said hello to, its id in `client.hello`."""
    async with websockets.connect(
        f"ws://127.0.0.1:{product.port}/ws/live", subprotocols=["live", f"bearer.{token}"], **options
    ) as socket:
        client = Client(socket)
        hello = await client.receive()
        assert hello["type"] == "hello"
        client.hello = hello["lastEventId"]
        yield client
