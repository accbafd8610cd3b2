"""The live process: daphne serving the sockets that the web processes hand over (`config.webserver`).

`python -m config.liveserver` listens on the unix socket LIVE_SOCKET alone, for connected TCP sockets.
"""

import importlib
import logging
import os
import socket
import sys
from pathlib import Path
from typing import Any

# daphne chooses the reactor, which has to happen before anything imports it.
from daphne.server import Server  # isort: skip
from twisted.internet import reactor
from twisted.internet.interfaces import IAddress, IFileDescriptorReceiver, ITransport
from twisted.internet.protocol import Factory, Protocol
from zope.interface import implementer

PING_SECONDS = 20
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


class LiveServer(Server):  # type: ignore[misc]
    """daphne without a port of its own."""

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

    def listen(self) -> None:
        """Take sockets from now on. A file left by a killed process is in the way."""
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
