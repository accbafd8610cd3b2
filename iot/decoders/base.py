"""What every decoder takes and gives back.

A decoder turns one message of one fleet (topic and payload bytes) into samples in the product's own units:
percent, litres, millimetres, UTC. It is pure: no database, no clock, no network. What it has to remember
between messages (Sparkplug aliases, Shelly's last status) lives in a mapping that the caller keeps.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from datetime import datetime
from typing import Any, Literal, Protocol

import msgspec

MAX_PAYLOAD_BYTES = 1024 * 1024
MAX_DEPTH = 32
MAX_ITEMS = 1000

EventKind = Literal["online", "offline", "sensor_error", "firmware", "birth", "death", "rebirth_needed"]


class DecodeError(Exception):
    """A message (or one item of it) that cannot become a sample.

    `code` is stable snake_case for counting and for API answers; `detail` is for people. `device_id` is set
    when the message names its device, so that the rejection can be shown next to it.
    """

    def __init__(self, code: str, detail: str, *, device_id: str | None = None) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
        self.device_id = device_id

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"


class Measurement(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One sample. At most one of the four quantities is set; none means status only (battery, signal).

    `at` is UTC with millisecond precision, None for "when it arrived". `level_percent` is 0 to 100,
    `volume_liters` litres; `distance_mm` is from the sensor's face down to the liquid, `depth_mm` from the
    bottom up to the surface. `historical` marks backfill: stored in its place, never a live alert.
    `sequence` is the sender's own counter (a LoRaWAN frame counter, a Sparkplug `seq`).
    """

    at: datetime | None = None
    level_percent: float | None = None
    volume_liters: float | None = None
    distance_mm: float | None = None
    depth_mm: float | None = None
    battery_percent: float | None = None
    battery_volts: float | None = None
    rssi_dbm: int | None = None
    temperature_c: float | None = None
    firmware: str | None = None
    historical: bool = False
    sequence: int | None = None

    @property
    def has_quantity(self) -> bool:
        """Whether this sample says how full the tank is."""
        return (
            self.level_percent is not None
            or self.distance_mm is not None
            or self.depth_mm is not None
            or self.volume_liters is not None
        )


class DeviceEvent(msgspec.Struct, frozen=True, gc=False):
    """Something about the device itself. `at` None means "when it arrived"."""

    kind: EventKind
    detail: str = ""
    at: datetime | None = None


class Decoded(msgspec.Struct, kw_only=True):
    """What one message said about one device.

    `aliases` are other names the same device may be registered under (a LoRaWAN DevEUI).
    `rejected` holds the items of a batch that were refused, with their index; the others stand.
    """

    device_id: str
    measurements: list[Measurement] = []
    events: list[DeviceEvent] = []
    aliases: tuple[str, ...] = ()
    rejected: list[tuple[int, DecodeError]] = []


class DecoderContext(Protocol):
    """What the caller lends a decoder for one message."""

    @property
    def received_at(self) -> datetime:
        """Arrival time, aware, UTC."""

    @property
    def publisher(self) -> str | None:
        """The device that the sender has proved to be, where that is known."""

    def kind(self, device_id: str) -> str | None:
        """Registered `deviceKind` of a device, None when unknown."""

    def is_registered(self, device_id: str) -> bool:
        """Whether somebody's device has this name."""

    def settings(self, device_id: str) -> Mapping[str, Any]:
        """Per-device decoder settings: `field`, `unit`, `quantity`, `timezone` (see README)."""

    def state(self, device_id: str) -> MutableMapping[str, Any]:
        """What a decoder remembers of a device; JSON-safe values, persisted by the caller."""


class StaticContext:
    """A `DecoderContext` held in memory: for payload inference, sniffing and tests."""

    def __init__(
        self,
        *,
        received_at: datetime,
        kinds: Mapping[str, str] | None = None,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        default_kind: str | None = None,
        publisher: str | None = None,
    ) -> None:
        self.received_at = received_at
        self.publisher = publisher
        self._kinds = dict(kinds or {})
        self._default_kind = default_kind
        self._settings = dict(settings or {})
        self.states: dict[str, dict[str, Any]] = {}

    def kind(self, device_id: str) -> str | None:
        return self._kinds.get(device_id, self._default_kind)

    def is_registered(self, device_id: str) -> bool:
        return device_id in self._kinds

    def settings(self, device_id: str) -> Mapping[str, Any]:
        return self._settings.get(device_id, {})

    def state(self, device_id: str) -> MutableMapping[str, Any]:
        return self.states.setdefault(device_id, {})


def load_json(payload: bytes) -> Any:
    """Parse a JSON payload of bounded size and depth.

    Raises DecodeError: `too_large`, `not_json` (also NaN, Infinity, bad UTF-8), `too_deep`.
    """
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise DecodeError("too_large", f"payload of {len(payload)} bytes, at most {MAX_PAYLOAD_BYTES}")
    try:
        value = msgspec.json.decode(payload)
    except RecursionError:
        raise DecodeError("too_deep", f"nested deeper than {MAX_DEPTH} levels") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise DecodeError("not_json", str(error)) from None
    _check_depth(value)
    return value


def load_object(payload: bytes) -> dict[str, Any]:
    """Parse a payload that must be one JSON object. Raises DecodeError, `wrong_type` if it is not one."""
    value = load_json(payload)
    if not isinstance(value, dict):
        raise DecodeError("wrong_type", "expected a JSON object")
    return value


def load_text(payload: bytes) -> str:
    """A short UTF-8 payload, stripped. Raises DecodeError `not_text` or `too_large`."""
    if len(payload) > 256:
        raise DecodeError("too_large", "expected a short text")
    try:
        return payload.decode().strip()
    except UnicodeDecodeError:
        raise DecodeError("not_text", "not UTF-8 text") from None


def presence(payload: bytes, *, online: str, offline: str) -> DeviceEvent:
    """The online/offline event of a last-will topic, compared without regard to case."""
    text = load_text(payload).lower()
    if text == online:
        return DeviceEvent("online")
    if text == offline:
        return DeviceEvent("offline")
    raise DecodeError("bad_status", f"expected {online!r} or {offline!r}")


def _check_depth(value: Any) -> None:
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MAX_DEPTH):
        if not level:
            return
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, dict | list)
        ]
    if level:
        raise DecodeError("too_deep", f"nested deeper than {MAX_DEPTH} levels")
