"""ThingsBoard's topics made a device's own: `v1/devices/me/…` becomes `<user>/v1/devices/me/…`, and back.

A device of ThingsBoard publishes on one and the same topic as all others, and only its login says which it is. A
relay between it and a broker has each connection's bytes go through a `Mount`. Passwords and all other topics pass
untouched: who may log in, and publish on `<user>/…`, is for the broker to say. Sans I/O; MQTT 3.1, 3.1.1 and 5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from iot.mqtt.client import MAX_PACKET_BYTES, ProtocolError

OWN = b"v1/devices/me/"
CONNECT, PUBLISH, SUBSCRIBE, UNSUBSCRIBE = 0x10, 0x30, 0x80, 0xA0
TYPE = 0xF0
FIVE = 5
CLEAN_FLAGS_AND_KEEPALIVE = 3  # bytes between the version and what follows in a CONNECT
WILL, USERNAME = 0x04, 0x80
IN_TOPICS = frozenset(b"+#/\0")


class Packets:
    """A stream cut into packets: (first byte, body)."""

    def __init__(self) -> None:
        self._rest = b""

    def of(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Those that are complete now. Raises ProtocolError."""
        data, at = self._rest + data, 0
        while (found := _variable(data, at + 1)) is not None:
            length, body = found
            if length > MAX_PACKET_BYTES:
                raise ProtocolError(f"a packet of {length} bytes")
            if body + length > len(data):
                break
            yield data[at], data[body : body + length]
            at = body + length
        self._rest = data[at:]

    def take_rest(self) -> bytes:
        rest, self._rest = self._rest, b""
        return rest


class Mount:
    """One connection. `up` takes what the device sends, `down` what it is sent; both give what to pass on."""

    def __init__(self) -> None:
        self.version = 0
        self.user: bytes | None = None  # None: not greeted yet; empty: nothing is to be changed
        self._prefix = b""
        self._up, self._down = Packets(), Packets()

    def up(self, data: bytes) -> bytes:
        """Raises ProtocolError."""
        if self.user == b"":
            return data
        sent = []
        for first, body in self._up.of(data):
            if self.user is None:
                self.version, self.user = greeting(first, body)
                self._prefix = self.user + b"/"
                sent.append(_packet(first, body))
            else:
                sent.append(_packet(first, self._mounted(first, body)))
        if self.user == b"":
            sent.append(self._up.take_rest())
        return b"".join(sent)

    def down(self, data: bytes) -> bytes:
        """Raises ProtocolError."""
        if not self.user:
            return data
        return b"".join(_packet(first, self._unmounted(first, body)) for first, body in self._down.of(data))

    def _mounted(self, first: int, body: bytes) -> bytes:
        if not self.user:
            return body
        kind = first & TYPE
        if kind == PUBLISH:
            return _with_topic(body, self._own)
        if kind not in (SUBSCRIBE, UNSUBSCRIBE):
            return body
        at = 2
        if self.version >= FIVE:
            length, at = _needed(_variable(body, at))
            at += length
        filters = [body[:at]]
        options = 1 if kind == SUBSCRIBE else 0
        while at < len(body):
            name, end = _text(body, at)
            filters.append(_as_text(self._own(name)) + body[end : end + options])
            at = end + options
        return b"".join(filters)

    def _unmounted(self, first: int, body: bytes) -> bytes:
        return _with_topic(body, self._plain) if first & TYPE == PUBLISH else body

    def _own(self, topic: bytes) -> bytes:
        return self._prefix + topic if topic.startswith(OWN) else topic

    def _plain(self, topic: bytes) -> bytes:
        return topic[len(self._prefix) :] if topic.startswith(self._prefix + OWN) else topic


def greeting(first: int, body: bytes) -> tuple[int, bytes]:
    """Version and user of a CONNECT; no user where there is none, or one that cannot be part of a topic.

    Raises ProtocolError.
    """
    if first & TYPE != CONNECT:
        raise ProtocolError("not a CONNECT packet")
    _, at = _text(body, 0)
    if len(body) < at + 1 + CLEAN_FLAGS_AND_KEEPALIVE:
        raise ProtocolError("a short CONNECT packet")
    version, flags = body[at], body[at + 1]
    at += 1 + CLEAN_FLAGS_AND_KEEPALIVE
    if not flags & USERNAME:
        return version, b""
    at = _after_properties(body, at, version)
    _, at = _text(body, at)  # the client's id
    if flags & WILL:
        at = _after_properties(body, at, version)
        _, at = _text(body, at)
        _, at = _text(body, at)
    user, _ = _text(body, at)
    return version, b"" if IN_TOPICS & set(user) or user.startswith(b"$") else user


def _after_properties(body: bytes, at: int, version: int) -> int:
    if version < FIVE:
        return at
    length, at = _needed(_variable(body, at))
    return at + length


def _with_topic(body: bytes, change: Callable[[bytes], bytes]) -> bytes:
    topic, end = _text(body, 0)
    return _as_text(change(topic)) + body[end:]


def _packet(first: int, body: bytes) -> bytes:
    length, digits = len(body), bytearray((first,))
    while True:
        length, digit = divmod(length, 128)
        digits.append(digit | 128 if length else digit)
        if not length:
            return bytes(digits) + body


def _text(data: bytes, at: int) -> tuple[bytes, int]:
    """A length-prefixed text and where it ends. Raises ProtocolError."""
    end = at + 2 + int.from_bytes(data[at : at + 2], "big")
    if len(data) < at + 2 or len(data) < end:
        raise ProtocolError("a text that ends beyond its packet")
    return data[at + 2 : end], end


def _as_text(text: bytes) -> bytes:
    if len(text) > 0xFFFF:
        raise ProtocolError("a topic that is too long")
    return len(text).to_bytes(2, "big") + text


def _needed(found: tuple[int, int] | None) -> tuple[int, int]:
    if found is None:
        raise ProtocolError("a packet that ends too early")
    return found


def _variable(data: bytes, at: int) -> tuple[int, int] | None:
    """A number of one to four bytes and where it ends; None when it is not all there. Raises ProtocolError."""
    value = 0
    for index in range(4):
        if at + index >= len(data):
            return None
        byte = data[at + index]
        value |= (byte & 127) << (7 * index)
        if byte < 128:
            return value, at + index + 1
    raise ProtocolError("a malformed length")
