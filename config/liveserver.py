"""The live process: daphne serving the sockets that the web processes hand over (`config.webserver`).

`python -m config.liveserver` listens on the unix socket LIVE_SOCKET alone, for connected TCP sockets.
"""

import asyncio
import importlib
import logging
import os
import socket
import sys
from pathlib import Path
from typing import Any

# daphne chooses the reactor, which has to happen before anything imports it.
from daphne.server import Server  # isort: skip
from daphne.ws_protocol import WebSocketProtocol  # isort: skip
from twisted.internet import reactor
from twisted.internet.interfaces import IAddress, IFileDescriptorReceiver, IPushProducer, ITransport
from twisted.internet.protocol import Factory, Protocol
from zope.interface import implementer

PING_SECONDS = 18  # looked at every two seconds
PONG_SECONDS = 30


@implementer(IFileDescriptorReceiver)
class Handoff(Protocol):
    """One handed-over socket, which from then on is a client like any other."""

    transport: ITransport

    def __init__(self, http_factory: Factory) -> None:
        self.http_factory = http_factory

    def fileDescriptorReceived(self, descriptor: int) -> None:
        try:
            reactor.adoptStreamConnection(descriptor, socket.AF_INET, self.http_factory)
        except OSError:
            pass  # the client went away on the way here
        finally:
            os.close(descriptor)  # the reactor has made a copy
        self.transport.loseConnection()  # type: ignore[misc]  # zope's interfaces declare no self

    def dataReceived(self, data: bytes) -> None:
        """The byte that carried the descriptor."""


class HandoffFactory(Factory):
    """Makes a Handoff for each connection of a web process."""

    noisy = False

    def __init__(self, http_factory: Factory) -> None:
        self.http_factory = http_factory

    def buildProtocol(self, addr: IAddress | None) -> Handoff:
        return Handoff(self.http_factory)


@implementer(IPushProducer)
class Pace:
    """Whether a client takes what it is sent: told by its transport, waited for by whoever sends."""

    def __init__(self, transport: Any) -> None:
        self.transport = transport
        self.free = asyncio.Event()
        self.free.set()
        transport.unregisterProducer()  # the HTTP channel that the socket came from
        transport.registerProducer(self, True)

    def pauseProducing(self) -> None:
        self.free.clear()

    def resumeProducing(self) -> None:
        self.free.set()
        if self.transport.disconnecting:  # it does not close before its producer has left
            self.transport.unregisterProducer()

    def stopProducing(self) -> None:
        self.free.set()


class PacedProtocol(WebSocketProtocol):  # type: ignore[misc]
    """daphne's, which by itself buffers without end for a client that does not read."""

    pace: Pace | None = None

    def onOpen(self) -> None:
        self.pace = Pace(self.transport)
        super().onOpen()


class LiveServer(Server):  # type: ignore[misc]
    """daphne without a port of its own, whose `send` waits while the client is behind."""

    def __init__(self, application: Any, *, path: Path) -> None:
        super().__init__(
            application,
            endpoints=["handed over"],  # daphne insists on one
            ping_interval=PING_SECONDS,
            ping_timeout=PONG_SECONDS,
            application_close_timeout=2,
            ready_callable=self.listen,
            server_name="water-tanks",
        )
        self.endpoints: list[str] = []
        self.path = path

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        await super().handle_reply(protocol, message)
        pace: Pace | None = getattr(protocol, "pace", None)
        if pace is not None and message["type"] == "websocket.send":
            await pace.free.wait()

    def listen(self) -> None:
        """Take sockets from now on. A file left by a killed process is in the way."""
        self.ws_factory.protocol = PacedProtocol
        self.path.unlink(missing_ok=True)
        reactor.listenUNIX(str(self.path), HandoffFactory(self.http_factory), backlog=1024, mode=0o600)


def main() -> None:
    """Serve the ASGI application named by LIVE_APPLICATION (`module:name`) until stopped."""
    logging.getLogger("daphne.server").setLevel(logging.WARNING)
    module, _, name = os.environ.get("LIVE_APPLICATION", "config.asgi:application").partition(":")
    application = getattr(importlib.import_module(module), name)
    if "LIVE_SOCKET" not in os.environ:
        sys.exit("LIVE_SOCKET is not set: it names the unix socket to listen on.")
    LiveServer(application, path=Path(os.environ["LIVE_SOCKET"])).run()


if __name__ == "__main__":
    main()
