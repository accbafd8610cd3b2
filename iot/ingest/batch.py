"""What flows through the pipeline: messages in, samples on their way, rejections and counts out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from iot.decoders.base import DeviceEvent, Measurement
from iot.ingest.known import KnownDevice, KnownTank
from tanks.services.readings import Candidate


class Message(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One message as it arrived (`received_at` UTC). `kind` names its decoder when the topic does not.

    `device_id` is set where the sender has proved who it is: then only that device's readings are taken.
    `redelivered`: it may have been taken before.
    """

    transport: str
    received_at: datetime
    topic: str = ""
    payload: bytes = b""
    kind: str | None = None
    device_id: str | None = None
    retained: bool = False
    redelivered: bool = False


class Sample(Candidate, gc=False):
    """One reading on its way: what is to be recorded, as far as it is known, and where it came from."""

    message: int  # index in the batch
    item: int  # index in the message
    device: KnownDevice
    measurement: Measurement


class Rejection(msgspec.Struct, frozen=True):
    """Why a message (`item` None) or one item of it was not used."""

    message: int
    item: int | None
    code: str
    detail: str
    device_id: str = ""


@dataclass(slots=True)
class Batch:
    """Messages and everything the steps made of them."""

    messages: list[Message]
    now: datetime
    changes_heard: bool = False  # just now, of devices: by whoever asked who the sender is
    samples: list[Sample] = field(default_factory=list)
    statuses: list[Sample] = field(default_factory=list)  # samples without a quantity: battery, signal
    events: list[tuple[KnownDevice, DeviceEvent, datetime]] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    duplicates: set[int] = field(default_factory=set)  # indexes of samples
    repeats: list[Sample] = field(default_factory=list)  # sent again, and their times say only when they came
    suspects: int = 0
    tanks: dict[int, KnownTank] = field(default_factory=dict)  # those of the samples, by series
    moved: set[int] = field(default_factory=set)  # series of tanks whose current level is new
    heard: set[KnownDevice] = field(default_factory=set)  # devices that said anything
    steps_done: int = 0
    downlinks: list[tuple[str, bytes]] = field(default_factory=list)  # topic, payload

    def clear(self) -> None:
        """Back to the messages alone: the first step failed and is done again."""
        self.samples, self.statuses, self.events, self.rejections, self.downlinks = [], [], [], [], []
        self.heard, self.repeats = set(), []

    def reject(
        self, message: int, code: str, detail: str, *, item: int | None = None, device_id: str = ""
    ) -> None:
        self.rejections.append(Rejection(message, item, code, detail, device_id))
