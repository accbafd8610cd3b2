"""What is heard on a broker, topic by topic: whose it is, or what it most likely means."""

from __future__ import annotations

import re
from dataclasses import dataclass

from iot.decoders import decoder_for, route
from iot.decoders.infer import Candidate, infer
from iot.ingest.known import KnownDevices

MOST_TOPICS = 10_000
SHOWN = 80
OWN = re.compile(r"tanks/[^/]+/config")  # what the product itself tells its devices


@dataclass(frozen=True)
class Heard:
    """The first message of a topic. `device_id` is set where a registered device is named by it."""

    topic: str
    payload: bytes
    device_id: str | None
    guess: Candidate | None

    def line(self) -> str:
        """For a person, on one line."""
        if self.device_id is not None:
            return f"{self.topic}  registered: {self.device_id}"
        one = self.guess
        if one is None:
            text = self.payload[: SHOWN * 2].decode("utf-8", "backslashreplace")
            return f"{self.topic}  no level in it: {text[:SHOWN]!r}"
        device = f", device {one.device_id}" if one.device_id else ""
        field = f"field {one.field}, " if one.field else ""
        return (
            f"{self.topic}  {one.kind}{device}: {field}{one.quantity} {one.value:g} {one.unit} "
            f"({one.confidence:.0%} sure)"
        )


class Sniffer:
    """Looks at each topic once, and again where the first message told nothing."""

    def __init__(self) -> None:
        self.known = KnownDevices(trust_states=False)
        self.told: set[str] = set()
        self.silent: set[str] = set()

    def hear(self, topic: str, payload: bytes) -> Heard | None:
        """What there is to say of a message; None where its topic has been spoken of."""
        if topic in self.told or len(self.told) >= MOST_TOPICS or OWN.fullmatch(topic):
            return None
        guess = next(iter(infer(payload, topic)), None)
        device_id = self._registered(topic, guess)
        if guess is None and device_id is None:
            if topic in self.silent or len(self.silent) >= MOST_TOPICS:
                return None
            self.silent.add(topic)
        else:
            self.told.add(topic)
        return Heard(topic, payload, device_id, guess)

    def _registered(self, topic: str, guess: Candidate | None) -> str | None:
        kind = route(topic)
        names = [decoder_for(kind).device_id_from_topic(topic) if kind else None]
        names.append(guess.device_id if guess else None)
        return next((name for name in names if name and self.known.get(name)), None)
