"""A stream of numbered readings, and a publisher that gives up on none of them."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from benchmarks.load.publisher import connect_packet, publish_packet

LENGTH = timedelta(hours=2.5)  # so that the newest readings are of today
WINDOW = 200
HIGH, LOW = 80.0, 21.0


@dataclass(frozen=True)
class Sent:
    """One reading as a device publishes it."""

    device: int
    step: int
    topic: str
    payload: bytes


@dataclass(frozen=True)
class Plan:
    """What every device reports: even ones fall below the low threshold of 25 %, odd ones stay high."""

    devices: int
    readings: int  # of each device
    end: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    @property
    def spacing(self) -> timedelta:
        return LENGTH // self.readings

    def at(self, step: int) -> datetime:
        return self.end - (self.readings - 1 - step) * self.spacing

    def level(self, device: int, step: int) -> float:
        start, end = (35.0, LOW) if device % 2 == 0 else (HIGH, HIGH - 5)
        return round(start + (end - start) * step / (self.readings - 1), 3)

    def sent(self, device: int, step: int) -> Sent:
        at = self.at(step).strftime("%Y-%m-%dT%H:%M:%SZ")
        payload = f'{{"level":{self.level(device, step)},"timestamp":"{at}"}}'.encode()
        return Sent(device, step, f"tanks/dev-{device}/level", payload)

    def in_order(self) -> list[Sent]:
        return [self.sent(device, step) for step in range(self.readings) for device in range(self.devices)]

    def shuffled(self, chance: random.Random, *, copies: int) -> list[Sent]:
        """Each reading 1 to `copies` times, every copy up to an hour late."""
        hour = timedelta(hours=1) / self.spacing
        arriving = [
            (one.step + chance.random() * hour, chance.random(), one)
            for one in self.in_order()
            for _ in range(chance.randint(1, copies))
        ]
        return [one for _, _, one in sorted(arriving, key=lambda item: item[:2])]


class Publisher(threading.Thread):
    """Publishes `rate` messages a second at QoS 1, or as many as it can; what was not acknowledged is sent again when
    the link breaks."""

    def __init__(self, *, port: int, messages: list[Sent], rate: float | None, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self.port, self.messages, self.rate = port, messages, rate
        self.acknowledged: set[int] = set()
        self.error: Exception | None = None

    def run(self) -> None:
        deadline = time.monotonic() + 120
        while len(self.acknowledged) < len(self.messages):
            if time.monotonic() > deadline:
                self.error = TimeoutError("the broker did not take everything")
                return
            try:
                self._connected()
            except OSError:
                time.sleep(0.2)

    def _connected(self) -> None:
        todo = deque(i for i in range(len(self.messages)) if i not in self.acknowledged)
        flying: dict[int, int] = {}
        mid, begun, sent = 0, time.monotonic(), 0
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as link:
            link.sendall(connect_packet(f"{self.name}-{random.random()}"))
            if link.recv(4, socket.MSG_WAITALL)[3:4] != b"\x00":
                raise ConnectionError("refused")
            rest = b""
            while todo or flying:
                allowed = int((time.monotonic() - begun) * self.rate) + 1 if self.rate else len(self.messages)
                while todo and len(flying) < WINDOW and sent < allowed:
                    index, mid = todo.popleft(), mid % 65_000 + 1
                    flying[mid] = index
                    one = self.messages[index]
                    link.sendall(publish_packet(one.topic, one.payload, mid))
                    sent += 1
                link.settimeout(0.01 if todo and len(flying) < WINDOW else 5)
                try:
                    data = link.recv(4096)
                except TimeoutError:
                    continue
                if not data:
                    raise ConnectionError("closed")
                rest += data
                while len(rest) >= 4:
                    self.acknowledged.add(flying.pop(int.from_bytes(rest[2:4], "big")))
                    rest = rest[4:]

    def finish(self, seconds: float = 120) -> None:
        self.join(seconds)
        assert not self.is_alive(), "the publisher is stuck"
        if self.error:
            raise self.error
