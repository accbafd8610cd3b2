"""Tasmota: `tele/<deviceId>/SENSOR`, `/STATE` (signal strength) and the last will `/LWT`.

SR04 distances are centimetres. Any other sensor is read by the device's `field` and `unit` settings. `Time`
has no zone unless the device was told to send one; without a `timezone` setting the time of arrival counts.
"""

from __future__ import annotations

from typing import Any

from .. import times
from ..base import Decoded, DecodeError, DecoderContext, DeviceEvent, Measurement, load_object, presence
from ..fields import Scale, lookup, number, sample, scale_for, scale_from_settings

topics = ("tele/+/SENSOR", "tele/+/STATE", "tele/+/LWT")

_KNOWN = {"SR04.Distance": scale_for("distance", "cm")}


def device_id_from_topic(topic: str) -> str | None:
    """`tele/<deviceId>/SENSOR|STATE|LWT` -> deviceId."""
    parts = topic.split("/")
    if len(parts) == 3 and parts[0] == "tele" and parts[2] in ("SENSOR", "STATE", "LWT"):
        return parts[1] or None
    return None


def decode(topic: str, payload: bytes, context: DecoderContext) -> list[Decoded]:
    """Samples of one telemetry message. Raises DecodeError `missing_field` when no known sensor is in it."""
    device_id = device_id_from_topic(topic)
    if device_id is None:
        raise DecodeError("foreign_topic", "expected tele/<deviceId>/SENSOR, /STATE or /LWT")
    if topic.endswith("/LWT"):
        return [Decoded(device_id=device_id, events=[presence(payload, online="online", offline="offline")])]
    document = load_object(payload)
    settings = context.settings(device_id)
    at = times.live_time(document.get("Time"), context.received_at, settings.get("timezone"))
    if topic.endswith("/STATE"):
        signal = number(_at(document, "Wifi.Signal"))
        rssi = round(signal) if signal is not None and -200 <= signal < 0 else None
        return [Decoded(device_id=device_id, measurements=[Measurement(at=at, rssi_dbm=rssi)])]
    scale, raw, name = _distance(document, settings)
    temperature = _temperature(document)
    value = number(raw)
    if value is None and raw is not None and not isinstance(raw, float):
        raise DecodeError("wrong_type", f"{name} is not a number", device_id=device_id)
    # The driver reports 0 when no echo came back.
    if value is None or (scale.quantity == "distance" and value <= 0):
        event = DeviceEvent("sensor_error", f"{name} is {raw}", at)
        status = [Measurement(at=at, temperature_c=temperature)] if temperature is not None else []
        return [Decoded(device_id=device_id, measurements=status, events=[event])]
    return [
        Decoded(device_id=device_id, measurements=[sample(scale, value, at=at, temperature_c=temperature)])
    ]


def _distance(document: dict[str, Any], settings: Any) -> tuple[Scale, Any, str]:
    field = settings.get("field")
    if field:
        scale = scale_from_settings(settings, str(field)) or _KNOWN.get(str(field))
        if scale is None:
            raise DecodeError("missing_field", f"the unit of {field!r} is unknown: set it")
        try:
            return scale, lookup(document, str(field)), str(field)
        except KeyError:
            raise DecodeError("missing_field", f"no field {field!r}") from None
    for name, scale in _KNOWN.items():
        try:
            return scale, lookup(document, name), name
        except KeyError:
            continue
    raise DecodeError("missing_field", "no SR04 distance: name the field and unit of this sensor")


def _temperature(document: dict[str, Any]) -> float | None:
    """The first sensor's temperature, in °C whatever `TempUnit` says."""
    for part in document.values():
        value = number(part.get("Temperature")) if isinstance(part, dict) else None
        if value is not None:
            celsius = (value - 32) / 1.8 if document.get("TempUnit") == "F" else value
            return round(celsius, 2) if -60 <= celsius <= 120 else None
    return None


def _at(document: dict[str, Any], path: str) -> Any:
    try:
        return lookup(document, path)
    except KeyError:
        return None
