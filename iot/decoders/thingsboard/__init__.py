"""ThingsBoard's device and gateway formats.

Devices publish to `v1/devices/me/telemetry`, and their login says who "me" is. Over HTTP the caller passes it as
`context.publisher`. Over MQTT the topic comes mounted under `<deviceId>/`, by the relay before the broker
(`iot.mqtt.mount`) or the broker itself. Gateways name their devices in `v1/gateway/telemetry`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from .. import times
from ..base import (
    MAX_ITEMS,
    Decoded,
    DecodeError,
    DecoderContext,
    DeviceEvent,
    load_json,
    load_object,
)
from ..fields import read_values

DEVICE_TOPIC = "v1/devices/me/telemetry"
GATEWAY_TOPIC = "v1/gateway/telemetry"
topics = (
    DEVICE_TOPIC,
    f"+/{DEVICE_TOPIC}",
    GATEWAY_TOPIC,
    "v1/gateway/connect",
    "v1/gateway/disconnect",
)


def device_id_from_topic(topic: str) -> str | None:
    """`<deviceId>/v1/devices/me/telemetry` -> deviceId; the plain topics name nobody."""
    head, _, rest = topic.partition("/")
    return head if rest == DEVICE_TOPIC and head else None


def decode(topic: str, payload: bytes, context: DecoderContext) -> list[Decoded]:
    """Samples of every device in one message. Raises DecodeError `unknown_publisher`, `missing_field`, …"""
    if topic in ("v1/gateway/connect", "v1/gateway/disconnect"):
        name = load_object(payload).get("device")
        if not isinstance(name, str) or not name:
            raise DecodeError("missing_field", "no device named")
        event = DeviceEvent("online" if topic.endswith("/connect") else "offline", "gateway")
        return [Decoded(device_id=name, events=[event])]
    if topic == GATEWAY_TOPIC:
        return _decode_gateway(load_object(payload), context)
    device_id = device_id_from_topic(topic) or (context.publisher if topic == DEVICE_TOPIC else None)
    if not device_id:
        code = "unknown_publisher" if topic == DEVICE_TOPIC else "foreign_topic"
        raise DecodeError(code, "the topic does not say which device published")
    decoded = _decode_device(device_id, load_json(payload), context)
    if decoded.rejected and not decoded.measurements and not decoded.events:
        raise decoded.rejected[0][1]
    return [decoded]


def _decode_gateway(document: dict[str, Any], context: DecoderContext) -> list[Decoded]:
    if len(document) > MAX_ITEMS:
        raise DecodeError("too_many_items", f"{len(document)} devices, at most {MAX_ITEMS}")
    return [_decode_device(name, telemetry, context) for name, telemetry in document.items() if name]


def _decode_device(device_id: str, telemetry: Any, context: DecoderContext) -> Decoded:
    decoded = Decoded(device_id=device_id)
    items = telemetry if isinstance(telemetry, list) else [telemetry]
    if len(items) > MAX_ITEMS:
        raise DecodeError("too_many_items", f"{len(items)} items, at most {MAX_ITEMS}", device_id=device_id)
    for index, item in enumerate(items):
        try:
            for at, values in _points(item, context.received_at):
                _add(decoded, at, values, context)
        except DecodeError as error:
            decoded.rejected.append((index, error))
    return decoded


def _points(item: Any, received_at: datetime) -> Iterator[tuple[datetime | None, dict[str, Any]]]:
    if not isinstance(item, dict):
        raise DecodeError("wrong_type", "telemetry is an object or an array of objects")
    if "ts" in item and "values" in item:
        if not isinstance(item["values"], dict):
            raise DecodeError("wrong_type", "values is not an object")
        yield times.parse_timestamp(item["ts"], received_at), item["values"]
    else:
        yield None, item


def _add(decoded: Decoded, at: datetime | None, values: dict[str, Any], context: DecoderContext) -> None:
    reading = read_values(values, context.settings(decoded.device_id))
    if reading.error:
        decoded.events.append(DeviceEvent("sensor_error", reading.error.detail, at))
    if reading.value is not None or reading.has_status:
        decoded.measurements.append(reading.measurement(at=at))
    elif not reading.error:
        raise DecodeError("missing_field", "no field with a known quantity and unit: name it in the settings")
