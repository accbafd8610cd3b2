"""The Things Stack v3: MQTT `v3/<app>@<tenant>/devices/<id>/up`, and the same JSON pushed by a webhook."""

from __future__ import annotations

from typing import Any

import msgspec

from .. import times
from ..base import Decoded, DecodeError, DecoderContext, DeviceEvent, load_object
from ..lorawan import Uplink, best_rssi, decoded_from, frame_bytes

topics = ("v3/+/devices/+/up", "v3/+/devices/+/join")


class _Ids(msgspec.Struct):
    device_id: str = ""
    dev_eui: str = ""


class _Gateway(msgspec.Struct):
    rssi: Any = None


class _Message(msgspec.Struct):
    # The server leaves out whatever is zero or empty: the first frame has no f_cnt.
    f_port: int = 0
    f_cnt: int = 0
    frm_payload: str = ""
    decoded_payload: dict[str, Any] | None = None
    rx_metadata: list[_Gateway] = []
    received_at: str = ""


class Envelope(msgspec.Struct):
    """What is read of a message; the rest may be anything."""

    end_device_ids: _Ids
    received_at: str = ""
    uplink_message: _Message | None = None
    join_accept: dict[str, Any] | None = None
    simulated: bool = False


def device_id_from_topic(topic: str) -> str | None:
    """`v3/<app>@<tenant>/devices/<id>/<event>` -> id."""
    parts = topic.split("/")
    if len(parts) >= 5 and parts[0] == "v3" and parts[2] == "devices":
        return parts[3] or None
    return None


def decode(topic: str, payload: bytes, context: DecoderContext) -> list[Decoded]:
    """Samples of one uplink. Raises DecodeError `simulated`, `unknown_model`, `foreign_topic`, …"""
    found = parse(topic, payload, context)
    return [found] if isinstance(found, Decoded) else decoded_from(found, context)


def parse(topic: str, payload: bytes, context: DecoderContext) -> Uplink | Decoded:
    """The uplink in an envelope, or what a message without one says. An empty topic is a webhook."""
    try:
        message = msgspec.convert(load_object(payload), Envelope)
    except msgspec.ValidationError as error:
        raise DecodeError("wrong_type", str(error)) from None
    ids = message.end_device_ids
    device_id = ids.device_id or ids.dev_eui
    if not device_id:
        raise DecodeError("missing_field", "end_device_ids names no device")
    if topic and device_id_from_topic(topic) != device_id:
        raise DecodeError("foreign_topic", "the topic names another device than the message")
    if message.simulated:
        raise DecodeError("simulated", "a simulated uplink is no reading", device_id=device_id)
    aliases = tuple({ids.dev_eui, ids.dev_eui.lower()} - {"", device_id})
    uplink = message.uplink_message
    if uplink is None:
        joined = [DeviceEvent("online", "joined")] if message.join_accept is not None else []
        return Decoded(device_id=device_id, aliases=aliases, events=joined)
    return Uplink(
        device_id=device_id,
        aliases=aliases,
        at=times.live_time(uplink.received_at or message.received_at, context.received_at),
        f_port=uplink.f_port,
        f_cnt=uplink.f_cnt,
        data=frame_bytes(uplink.frm_payload),
        hint=uplink.decoded_payload,
        rssi_dbm=best_rssi([gateway.rssi for gateway in uplink.rx_metadata]),
    )
