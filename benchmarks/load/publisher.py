"""A publisher of QoS 1 messages that costs next to nothing: `python -m benchmarks.load.publisher …`.

Packets are made before the start; then they are written as fast as the broker acknowledges them, `WINDOW` ahead,
or at a steady rate. Prints a line when ready, starts at a line from stdin, prints the seconds it took.
"""

import argparse
import contextlib
import socket
import sys
import time
from datetime import UTC, datetime, timedelta

WINDOW = 1_000
CHUNK = 200
PUBACK_BYTES = 4
SPACING = timedelta(seconds=30)


def length_field(length: int) -> bytes:
    digits = bytearray()
    while True:
        length, digit = divmod(length, 128)
        digits.append(digit | 128 if length else digit)
        if not length:
            return bytes(digits)


def publish_packet(topic: str, payload: bytes, mid: int) -> bytes:
    name = topic.encode()
    body = len(name).to_bytes(2, "big") + name + mid.to_bytes(2, "big") + payload
    return b"\x32" + length_field(len(body)) + body


def connect_packet(client_id: str) -> bytes:
    name = client_id.encode()
    body = b"\x00\x04MQTT\x04\x02\x02\x58" + len(name).to_bytes(2, "big") + name
    return b"\x10" + length_field(len(body)) + body


def payload_of(device: int, turn: int, start: datetime) -> bytes:
    """A slow fall, so that the quality filter believes it: what most readings are."""
    at = (start + turn * SPACING).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    level = 90 - (device % 40) - turn * 0.01
    return f'{{"level":{level:.2f},"timestamp":"{at}","battery":88}}'.encode()


def packets(*, first: int, devices: int, messages: int, start: datetime, turn: int = 0) -> list[bytes]:
    """Messages of the devices in turn, each device's next reading half a minute after its last."""
    made = []
    for number in range(messages):
        device, step = first + number % devices, turn + number // devices
        topic = f"tanks/load-{device}/level"
        made.append(publish_packet(topic, payload_of(device, step, start), number % 65_000 + 1))
    return made


def send(connection: socket.socket, made: list[bytes], rate: float | None) -> None:
    sent = acknowledged = 0
    begun = time.monotonic()
    connection.settimeout(60)
    left_over = 0
    while acknowledged < len(made):
        allowed = len(made) if rate is None else int((time.monotonic() - begun) * rate)
        upto = min(len(made), sent + CHUNK, acknowledged + WINDOW, allowed)
        if upto > sent:
            connection.sendall(b"".join(made[sent:upto]))
            sent = upto
        waiting = sent - acknowledged >= WINDOW or sent == len(made)
        if not waiting and rate is not None and sent >= allowed:
            time.sleep(0.002)
        connection.setblocking(waiting)
        with contextlib.suppress(BlockingIOError):
            left_over += len(connection.recv(65_536))
        connection.setblocking(True)
        acknowledged += left_over // PUBACK_BYTES
        left_over %= PUBACK_BYTES


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("port", "first", "devices", "messages", "turn"):
        parser.add_argument(f"--{name}", type=int, default=0)
    parser.add_argument("--rate", type=float)
    parser.add_argument("--start", default=datetime.now(UTC).isoformat())
    options = parser.parse_args()
    made = packets(
        first=options.first,
        devices=options.devices,
        messages=options.messages,
        start=datetime.fromisoformat(options.start),
        turn=options.turn,
    )
    with socket.create_connection(("127.0.0.1", options.port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(connect_packet(f"load-{options.first}"))
        if connection.recv(4, socket.MSG_WAITALL)[3] != 0:
            sys.exit("the broker refused the publisher")
        print("ready", flush=True)
        sys.stdin.readline()
        begun = time.monotonic()
        send(connection, made, options.rate)
        print(time.monotonic() - begun, flush=True)


if __name__ == "__main__":
    main()
