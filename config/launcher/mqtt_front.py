"""One MQTT port for both versions of the protocol, in front of a broker that wants a port for each.

ThingsBoard's own topics, which name no device, get their user's name in front (`iot.mqtt.mount`). By itself it does
that before any broker: `python -m config.launcher.mqtt_front --listen HOST:PORT --broker HOST:PORT`.

It also makes a stop lose nothing: `close()` lets go of the devices first, which send again later what was not
acknowledged, while the broker goes on handing what it did acknowledge to the listener. The broker is not told
that the devices are gone, or it would publish the last will of every one of them.
"""

import argparse
import asyncio
import ssl
from collections.abc import Callable

from iot.mqtt.client import ProtocolError
from iot.mqtt.mount import Mount

CONNECT = 0x10
LONGEST_OPENING = 14  # packet type, up to four bytes of length, protocol name and version
OPENING_SECONDS = 10.0
NEWEST = 5


class NotMqttError(ValueError):
    """The first bytes are no CONNECT packet."""


def protocol_version(opening: bytes) -> int | None:
    """The version a client's first bytes ask for (3, 4 or 5); None when more bytes are needed.

    Raises NotMqttError.
    """
    if opening[:1] not in (b"", bytes([CONNECT])):
        raise NotMqttError("not a CONNECT packet")
    # The packet's length takes one to four bytes, all but the last with the high bit set.
    at = 1
    while at < len(opening) and opening[at] & 0x80:
        at += 1
        if at > 4:
            raise NotMqttError("a length of more than four bytes")
    name_at = at + 3
    if len(opening) < name_at:
        return None
    level_at = name_at + int.from_bytes(opening[at + 1 : name_at], "big")
    if level_at >= LONGEST_OPENING:
        raise NotMqttError("an unknown protocol name")
    if len(opening) <= level_at:
        return None
    if opening[name_at:level_at] not in (b"MQTT", b"MQIsdp"):
        raise NotMqttError("an unknown protocol name")
    return opening[level_at]


class Half(asyncio.Protocol):
    """One of the two connections of a client; what it receives goes out through the other, as `changed`."""

    transport: asyncio.Transport
    other: "Half | None" = None

    def __init__(self, changed: Callable[[bytes], bytes]) -> None:
        self.changed = changed

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.other is None:
            return
        try:
            self.other.transport.write(self.changed(data))
        except ProtocolError:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.other is not None:
            self.other.transport.close()

    def pause_writing(self) -> None:
        if self.other is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None:
            self.other.transport.resume_reading()


class DeviceHalf(Half):
    """The client's connection; the broker's is made when the first bytes say which version it speaks."""

    def __init__(self, front: "Front") -> None:
        self.mount = Mount()
        super().__init__(self.mount.up)
        self.front = front
        self.opening = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.front.clients.add(self)
        self.deadline = asyncio.get_running_loop().call_later(OPENING_SECONDS, self.transport.abort)

    def data_received(self, data: bytes) -> None:
        if self.other is not None:
            super().data_received(data)
            return
        self.opening += data
        try:
            version = protocol_version(self.opening[:LONGEST_OPENING])
        except NotMqttError:
            self.transport.abort()
            return
        if version is not None:
            self.deadline.cancel()
            self.transport.pause_reading()
            self.front.connect(self, version)

    def connection_lost(self, exc: Exception | None) -> None:
        self.deadline.cancel()
        self.front.clients.discard(self)
        super().connection_lost(exc)

    def let_go(self) -> None:
        """Close the client's connection and leave the broker's open, with nobody behind it."""
        if self.other is not None:
            self.other.other = None
            self.other = None
        self.transport.abort()


class Front:
    """Listens where devices connect, and passes each on to the broker's port for its version."""

    def __init__(self, *, v4_port: int, v5_port: int, host: str = "127.0.0.1") -> None:
        self.host, self.v4_port, self.v5_port = host, v4_port, v5_port
        self.clients: set[DeviceHalf] = set()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def listen(self, host: str, port: int, *, tls: ssl.SSLContext | None = None) -> None:
        """Raises OSError when the port is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: DeviceHalf(self), host, port, backlog=1024, ssl=tls)

    def connect(self, client: DeviceHalf, version: int) -> None:
        task = asyncio.get_running_loop().create_task(self._connect(client, version))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, client: DeviceHalf, version: int) -> None:
        port = self.v5_port if version >= NEWEST else self.v4_port
        try:
            _, half = await asyncio.get_running_loop().create_connection(
                lambda: Half(client.mount.down), self.host, port
            )
        except OSError:
            client.transport.abort()
            return
        if client.transport.is_closing():
            half.transport.abort()
            return
        if half.transport.is_closing():
            client.transport.abort()
            return
        half.other, client.other = client, half
        opening, client.opening = client.opening, b""
        client.data_received(opening)
        client.transport.resume_reading()

    def close(self) -> None:
        """Take no more clients, and let go of all, behind the broker's back."""
        if self._server is not None:
            self._server.close()
        for client in list(self.clients):
            client.let_go()


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Mounts ThingsBoard devices' topics by user, before a broker."
    )
    parser.add_argument("--listen", required=True, type=_address, metavar="HOST:PORT")
    parser.add_argument("--broker", required=True, type=_address, metavar="HOST:PORT", help="without TLS")
    parser.add_argument("--certificate", metavar="FILE", help="takes devices by TLS, with this chain")
    parser.add_argument("--key", metavar="FILE", help="the certificate's key")
    options = parser.parse_args()
    tls = None
    if options.certificate:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(options.certificate, options.key)
    asyncio.run(_serve(options.listen, options.broker, tls))


async def _serve(listen: tuple[str, int], broker: tuple[str, int], tls: ssl.SSLContext | None) -> None:
    host, port = broker
    await Front(v4_port=port, v5_port=port, host=host).listen(*listen, tls=tls)
    await asyncio.Event().wait()


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host or "127.0.0.1", int(port)


if __name__ == "__main__":
    main()
