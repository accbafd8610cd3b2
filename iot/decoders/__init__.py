"""Decoders: one folder a fleet or model, none of them knowing Django.

`REGISTRY` names every kind; a decoder is imported when it is first needed. Each is a module with
`topics` (MQTT subscription filters), `device_id_from_topic(topic)` and
`decode(topic, payload, context) -> list[Decoded]`. How to add one: `README.md` here.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Protocol

from .base import Decoded, DecodeError, DecoderContext

REGISTRY: dict[str, str] = {
    "json": "iot.decoders.json",
    "tasmota": "iot.decoders.tasmota",
    "esphome": "iot.decoders.esphome",
    "shelly": "iot.decoders.shelly",
    "ttn": "iot.decoders.ttn",
    "chirpstack": "iot.decoders.chirpstack",
    "milesight_em500_udl": "iot.decoders.milesight_em500_udl",
    "milesight_em500_swl": "iot.decoders.milesight_em500_swl",
    "dragino_ldds": "iot.decoders.dragino_ldds",
    "sparkplug_b": "iot.decoders.sparkplug_b",
    "thingsboard": "iot.decoders.thingsboard",
}


class Decoder(Protocol):
    """What a decoder's module offers."""

    topics: tuple[str, ...]

    def decode(self, topic: str, payload: bytes, context: DecoderContext) -> list[Decoded]:
        """Samples and events of one message. Raises DecodeError and nothing else."""

    def device_id_from_topic(self, topic: str) -> str | None:
        """The device a topic names, None when only the payload does."""


@cache
def decoder_for(kind: str) -> Decoder:
    """The decoder of a kind. Raises DecodeError `unknown_kind`."""
    if kind not in REGISTRY:
        raise DecodeError("unknown_kind", f"no decoder named {kind!r}")
    return import_module(REGISTRY[kind])


def route(topic: str) -> str | None:
    """The kind of the fleet that publishes on a topic, None when no fleet does.

    Models that ride in a LoRaWAN server's envelope come back as that server's kind.
    """
    head, _, rest = topic.partition("/")
    kind = _BY_HEAD.get(head)
    if kind is not None:
        return kind
    if rest.startswith("v1/devices/me/") or topic.startswith("v1/"):
        return "thingsboard"
    return _route_by_tail(topic)


_BY_HEAD = {
    "tanks": "json",
    "tele": "tasmota",
    "homeassistant": "esphome",
    "v3": "ttn",
    "application": "chirpstack",
    "spBv1.0": "sparkplug_b",
}


def _route_by_tail(topic: str) -> str | None:
    """ESPHome and Shelly put the device's own prefix first, so only the end of the topic tells."""
    if topic.endswith(("/events/rpc", "/online")):
        return "shelly"
    parts = topic.split("/")
    if len(parts) >= 4 and parts[-3] == "sensor" and parts[-1] == "state":
        return "esphome"
    if len(parts) >= 3 and parts[-2] == "status":
        return "shelly"
    if len(parts) >= 2 and parts[-1] in ("status", "state"):
        return "esphome"
    return None
