"""paho's client, reading in bulk.

paho takes three system calls and thirty Python calls for each message. Everything but the reading of PUBLISH
packets and the writing of acknowledgements is paho's own; those two are done here for many messages at once.
MQTT 3.1.1 alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

READ_BYTES = 256 * 1024
MAX_PACKET_BYTES = 4 * 1024 * 1024
PUBLISH, PUBACK = 0x30, 0x40
PACKET_TYPE, QOS, RETAIN, DUP = 0xF0, 0x06, 0x01, 0x08
LONGEST_LENGTH = 4  # bytes of a packet's length field


class Publication(NamedTuple):
    """One PUBLISH packet; `mid` is 0 at QoS 0. `redelivered`: the broker has sent it before, perhaps in vain."""

    topic: bytes
    payload: bytes
    mid: int
    retained: bool
    redelivered: bool = False


class ProtocolError(Exception):
    """The broker sent what MQTT 3.1.1 does not allow."""


class BulkClient(mqtt.Client):
    """Hands publications to `on_publications` many at a time, and acknowledges them in one write.

    `connection` numbers the connections: an acknowledgement belongs to the connection that its message came
    by, since packet ids are given anew on the next.
    """

    def __init__(self, *, client_id: str, on_publications: Callable[[list[Publication]], None]) -> None:
        super().__init__(
            CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=False, manual_ack=True
        )
        self.on_publications = on_publications
        self.connection = 0
        self._received = bytearray()
        self._connections = itertools.count(1)

    def acknowledge(self, mids: Sequence[int], *, connection: int) -> None:
        """Acknowledges messages of QoS 1, if the connection they came by still stands."""
        if connection != self.connection or not mids:
            return
        packets = b"".join([b"\x40\x02" + mid.to_bytes(2, "big") for mid in mids if mid])
        if packets:
            self._packet_queue(PUBACK, packets, mids[-1], 1)

    def _create_socket(self) -> Any:
        self._received.clear()
        self.connection = next(self._connections)
        return super()._create_socket()

    def _packet_read(self) -> MQTTErrorCode:
        """One read of whatever has arrived; paho calls it when the socket is readable."""
        try:
            data = self._sock_recv(READ_BYTES)
        except BlockingIOError:
            return MQTTErrorCode.MQTT_ERR_AGAIN
        except OSError:
            return MQTTErrorCode.MQTT_ERR_CONN_LOST
        if not data:
            return MQTTErrorCode.MQTT_ERR_CONN_LOST
        with self._msgtime_mutex:
            self._last_bytes_received = mqtt.time_func()
        self._received += data
        try:
            publications, others, used = split_packets(bytes(self._received))
        except ProtocolError:
            return MQTTErrorCode.MQTT_ERR_PROTOCOL
        del self._received[:used]
        for command, body in others:
            rc = self._handle_other(command, body)
            if rc:
                return rc
        if publications:
            self.on_publications(publications)
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _handle_other(self, command: int, body: bytes) -> MQTTErrorCode:
        self._in_packet = {
            "command": command,
            "have_remaining": 1,
            "remaining_count": [],
            "remaining_mult": 1,
            "remaining_length": len(body),
            "packet": bytearray(body),
            "to_process": 0,
            "pos": 0,
        }
        return self._packet_handle()


def split_packets(data: bytes) -> tuple[list[Publication], list[tuple[int, bytes]], int]:
    """The complete packets at the start of `data`: publications, others as (first byte, body), bytes used.

    Raises ProtocolError.
    """
    publications: list[Publication] = []
    others: list[tuple[int, bytes]] = []
    end, at = len(data), 0
    while at + 1 < end:
        length = data[at + 1]
        body = at + 2
        if length > 127:
            found = _long_length(data, at + 1, end)
            if found is None:
                break
            length, body = found
        after = body + length
        if after > end:
            break
        command = data[at]
        if command & PACKET_TYPE == PUBLISH:
            publications.append(_publication(command, data, body, after))
        else:
            others.append((command, data[body:after]))
        at = after
    return publications, others, at


def _publication(command: int, data: bytes, body: int, after: int) -> Publication:
    start = body + 2
    end_of_topic = start + (data[body] << 8 | data[body + 1]) if start <= after else after + 1
    payload = end_of_topic + 2 if command & QOS else end_of_topic
    if payload > after or command & QOS == QOS:
        raise ProtocolError("a malformed PUBLISH packet")
    mid = data[end_of_topic] << 8 | data[end_of_topic + 1] if command & QOS else 0
    return Publication(
        data[start:end_of_topic], data[payload:after], mid, bool(command & RETAIN), bool(command & DUP)
    )


def _long_length(data: bytes, at: int, end: int) -> tuple[int, int] | None:
    """A length field of several bytes: its value and where the body starts; None when it is not all there."""
    length = 0
    for index in range(LONGEST_LENGTH):
        if at + index >= end:
            return None
        byte = data[at + index]
        length |= (byte & 127) << (7 * index)
        if byte < 128:
            if length > MAX_PACKET_BYTES:
                raise ProtocolError(f"a packet of {length} bytes")
            return length, at + index + 1
    raise ProtocolError("a malformed packet length")
