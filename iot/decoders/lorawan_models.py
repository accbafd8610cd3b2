"""The entry point of a model's kind: its uplinks arrive inside the envelope of either server."""

from __future__ import annotations

from . import chirpstack, ttn
from .base import Decoded, DecoderContext, load_object
from .lorawan import decoded_from

topics = (*ttn.topics, *chirpstack.topics)


def device_id_from_topic(topic: str) -> str | None:
    """The device that either server's topic names."""
    return ttn.device_id_from_topic(topic) or chirpstack.device_id_from_topic(topic)


def decode_as(kind: str, topic: str, payload: bytes, context: DecoderContext) -> list[Decoded]:
    """Decode an uplink's bytes as `kind`. An empty topic (a webhook) is told by the body's own keys."""
    is_chirpstack = topic.startswith("application/") or (not topic and "deviceInfo" in load_object(payload))
    server = chirpstack if is_chirpstack else ttn
    found = server.parse(topic, payload, context)
    return [found] if isinstance(found, Decoded) else decoded_from(found, context, kind)
