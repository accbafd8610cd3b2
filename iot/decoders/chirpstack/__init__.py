"""ChirpStack v4, JSON encoding: MQTT `application/<id>/device/<devEui>/event/<type>`, and its HTTP push.

`up` carries readings; `status` battery; `join` says the device is there. The other events are acknowledged
and carry nothing for a tank. The HTTP push has its event type in the query: the caller passes the MQTT topic
of the same event, or none, and then the body's keys tell.
"""

from __future__ import annotations

from typing import Any

import msgspec

from .. import times
from ..base import Decoded, DecodeError, DecoderContext, DeviceEvent, Measurement, load_object
from ..fields import number
from ..lorawan import Uplink, best_rssi, decoded_from, frame_bytes

topics = ("application/+/device/+/event/+",)


class _Device(msgspec.Struct):
    devEui: str = ""


class _Gateway(msgspec.Struct):
    rssi: Any = None
    nsTime: str | None = None
    gwTime: str | None = None


class Envelope(msgspec.Struct):
    """What is read of an event; the rest may be anything."""

    deviceInfo: _Device
    time: str | None = None
    fPort: int = 0
    fCnt: int = 0
    data: str | None = None
    object: dict[str, Any] | None = None
    rxInfo: list[_Gateway] | None = None
    batteryLevel: Any = None
    batteryLevelUnavailable: bool = False
    externalPowerSource: bool = False


def device_id_from_topic(topic: str) -> str | None:
    """`application/<id>/device/<devEui>/event/<type>` -> devEui."""
    parts = topic.split("/")
    if len(parts) == 6 and (parts[0], parts[2], parts[4]) == ("application", "device", "event"):
        return parts[3] or None
    return None


def decode(topic: str, payload: bytes, context: DecoderContext) -> list[Decoded]:
    """Samples of one event. Raises DecodeError `unknown_model`, `foreign_topic`, …"""
    found = parse(topic, payload, context)
    return [found] if isinstance(found, Decoded) else decoded_from(found, context)


def parse(topic: str, payload: bytes, context: DecoderContext) -> Uplink | Decoded:
    """The uplink in an event, or what another event says of the device."""
    try:
        event = msgspec.convert(load_object(payload), Envelope)
    except msgspec.ValidationError as error:
        raise DecodeError("wrong_type", str(error)) from None
    device_id = event.deviceInfo.devEui
    if not device_id:
        raise DecodeError("missing_field", "deviceInfo.devEui names no device")
    if topic and (device_id_from_topic(topic) or "").lower() != device_id.lower():
        raise DecodeError("foreign_topic", "the topic names another device than the message")
    aliases = tuple({device_id.lower(), device_id.upper()} - {device_id})
    gateways = event.rxInfo or []
    clocks = (event.time, *(g.nsTime for g in gateways), *(g.gwTime for g in gateways))
    at = times.live_time(next((clock for clock in clocks if clock), None), context.received_at)
    kind = topic.rsplit("/", 1)[-1] if topic else _kind_of(event)
    if kind == "up":
        return Uplink(
            device_id=device_id,
            aliases=aliases,
            at=at,
            f_port=event.fPort,
            f_cnt=event.fCnt,
            data=frame_bytes(event.data or ""),
            hint=event.object,
            rssi_dbm=best_rssi([gateway.rssi for gateway in gateways]),
        )
    decoded = Decoded(device_id=device_id, aliases=aliases)
    if kind == "join":
        decoded.events.append(DeviceEvent("online", "joined", at))
    battery = number(event.batteryLevel)
    if (
        kind == "status"
        and battery is not None
        and 0 <= battery <= 100
        and not (event.batteryLevelUnavailable or event.externalPowerSource)
    ):
        decoded.measurements.append(Measurement(at=at, battery_percent=battery))
    return decoded


def _kind_of(event: Envelope) -> str:
    if event.data is not None or event.object is not None:
        return "up"
    return "status" if event.batteryLevel is not None else "other"
