"""The product's own JSON: `tanks/<deviceId>/level` and `POST /api/iot/water-level`.

One object or an array of up to 1,000, each with exactly one of `level` (percent), `volumeLiters`,
`distanceMm`, `depthMm`, and optionally `timestamp`, `battery` (percent), `rssi` (dBm), `temperature` (°C).
A level within one percent outside 0..100 is sensor noise and is clamped; beyond, it is rejected. With
`settings["field"]`, one field of any other JSON object is read instead.

This is the hot path. What most devices send (a level in range, a time in UTC, plain numbers beside it) is parsed and
checked by one decoder in one go; what does not fit is parsed a second time, to take it if it can be taken, and to say
exactly why if not. Both ways make the same samples.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec

from .. import times
from ..base import (
    MAX_ITEMS,
    MAX_PAYLOAD_BYTES,
    Decoded,
    DecodeError,
    DecoderContext,
    DeviceEvent,
    Measurement,
    load_json,
    presence,
)
from ..fields import number, read_values

topics = ("tanks/+/level", "tanks/+/status")

# API name -> (Measurement field, least, most), the quantities in millimetres, litres and percent
_QUANTITIES: dict[str, tuple[str, float, float]] = {
    "level": ("level_percent", 0.0, 100.0),
    "volumeLiters": ("volume_liters", 0.0, 1e9),
    "distanceMm": ("distance_mm", 0.0, 100_000.0),
    "depthMm": ("depth_mm", 0.0, 100_000.0),
}
_STATUS: dict[str, tuple[str, float, float]] = {
    "battery": ("battery_percent", 0.0, 100.0),
    "rssi": ("rssi_dbm", -200.0, 100.0),
    "temperature": ("temperature_c", -100.0, 150.0),
}
_NOISE = 1.0


_Percent = Annotated[float, msgspec.Meta(ge=0, le=100)]
_Millimetres = Annotated[float, msgspec.Meta(ge=0, le=100_000)]


class _Plain(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A reading in the ranges above, as most devices send it."""

    level: _Percent | None = None
    volumeLiters: Annotated[float, msgspec.Meta(ge=0, le=1e9)] | None = None
    distanceMm: _Millimetres | None = None
    depthMm: _Millimetres | None = None
    timestamp: Annotated[datetime, msgspec.Meta(tz=True)] | float | None = None
    battery: _Percent | None = None
    rssi: Annotated[int, msgspec.Meta(ge=-200, le=100)] | None = None
    temperature: Annotated[float, msgspec.Meta(ge=-100, le=150)] | None = None


_plain_one = msgspec.json.Decoder(_Plain).decode
_plain_many = msgspec.json.Decoder(list[_Plain]).decode
_UNFIT = (msgspec.MsgspecError, DecodeError, RecursionError, UnicodeDecodeError)


def device_id_from_topic(topic: str) -> str | None:
    """`tanks/<deviceId>/level|status` -> deviceId."""
    parts = topic.split("/")
    if len(parts) == 3 and parts[0] == "tanks" and parts[1] and parts[2] in ("level", "status"):
        return parts[1]
    return None


def decode(topic: str, payload: bytes, context: DecoderContext) -> list[Decoded]:
    """Samples of one message. An array keeps its good items and lists the others in `rejected`."""
    device_id = device_id_from_topic(topic)
    if device_id is None:
        raise DecodeError("foreign_topic", "expected tanks/<deviceId>/level or /status")
    if topic.endswith("/status"):
        return [Decoded(device_id=device_id, events=[presence(payload, online="online", offline="offline")])]
    settings = context.settings(device_id)
    if settings.get("field"):
        return [_decode_field(device_id, payload, context)]
    if payload[:1] == b"{":
        return [Decoded(device_id=device_id, measurements=[decode_reading(payload, context.received_at)])]
    decoded = Decoded(device_id=device_id)
    for index, item in enumerate(decode_items(payload, context.received_at)):
        if isinstance(item, DecodeError):
            decoded.rejected.append((index, item))
        else:
            decoded.measurements.append(item)
    return [decoded]


def decode_reading(payload: bytes, received_at: datetime) -> Measurement:
    """One JSON object. Raises DecodeError."""
    if len(payload) <= MAX_PAYLOAD_BYTES:
        with contextlib.suppress(*_UNFIT):
            return _measured((_plain_one(payload),), received_at)[0]
    return _from_object(load_json(payload), received_at)


def decode_items(body: bytes, received_at: datetime) -> Sequence[Measurement | DecodeError]:
    """One result for each item of a body, in its order: the sample, or why it was rejected.

    Raises DecodeError when the body as a whole is unusable: `not_json`, `too_large`, `too_deep`,
    `wrong_type` (neither object nor array), `empty`, `too_many_items`.
    """
    if len(body) <= MAX_PAYLOAD_BYTES:
        with contextlib.suppress(*_UNFIT):
            plain = _plain_many(body)
            _check_count(len(plain))
            return _measured(plain, received_at)
    value = load_json(body)
    if isinstance(value, dict):
        return [_result(value, received_at)]
    if not isinstance(value, list):
        raise DecodeError("wrong_type", "expected a JSON object or an array of objects")
    _check_count(len(value))
    return [_result(item, received_at) for item in value]


def _measured(plain: Iterable[_Plain], received_at: datetime) -> list[Measurement]:
    """Plain readings as samples. Raises DecodeError where one needs a closer look."""
    earliest, latest = times.EARLIEST, received_at + times.FUTURE_TOLERANCE
    found = []
    for one in plain:
        level, volume, distance, depth = one.level, one.volumeLiters, one.distanceMm, one.depthMm
        if (level is None) + (volume is None) + (distance is None) + (depth is None) != 3:
            raise _count_error(2)
        at = one.timestamp
        if at is not None:
            if not isinstance(at, datetime):
                at = times.parse_epoch(at)
            if at.tzinfo is not UTC or at.microsecond % 1000 or not earliest <= at <= latest:
                at = times.checked(at, received_at)
        found.append(
            Measurement(
                at=at,
                level_percent=level,
                volume_liters=volume,
                distance_mm=distance,
                depth_mm=depth,
                battery_percent=one.battery,
                rssi_dbm=one.rssi,
                temperature_c=one.temperature,
            )
        )
    return found


def _check_count(count: int) -> None:
    if count == 0:
        raise DecodeError("empty", "the array holds no reading")
    if count > MAX_ITEMS:
        raise DecodeError("too_many_items", f"{count} readings, at most {MAX_ITEMS}")


def _result(item: Any, received_at: datetime) -> Measurement | DecodeError:
    try:
        return _from_object(item, received_at)
    except DecodeError as error:
        return error


def _from_object(item: Any, received_at: datetime) -> Measurement:
    """The sample of any parsed JSON value. Raises DecodeError, naming what is wrong with it."""
    if not isinstance(item, dict):
        raise DecodeError("wrong_type", "a reading is a JSON object")
    found = {name: item[name] for name in (*_QUANTITIES, *_STATUS) if item.get(name) is not None}
    quantities = [name for name in _QUANTITIES if name in found]
    if len(quantities) != 1:
        raise _count_error(len(quantities))
    values: dict[str, Any] = {}
    for name, raw in found.items():
        value = number(raw)
        if value is None:
            code = "out_of_range" if isinstance(raw, int) and not isinstance(raw, bool) else "wrong_type"
            raise DecodeError(code, f"{name} is not a usable number")
        values[(_QUANTITIES.get(name) or _STATUS[name])[0]] = _in_range(name, value)
    if "rssi_dbm" in values:
        values["rssi_dbm"] = round(values["rssi_dbm"])
    timestamp = item.get("timestamp")
    at = None if timestamp is None else times.parse_timestamp(timestamp, received_at)
    return Measurement(at=at, **values)


def _in_range(name: str, value: float) -> float:
    _, least, most = _QUANTITIES.get(name) or _STATUS[name]
    if least <= value <= most:
        return value
    if name == "level" and least - _NOISE < value < most + _NOISE:
        return min(max(value, least), most)
    raise _range_error(name, value)


def _range_error(name: str, value: float) -> DecodeError:
    _, least, most = _QUANTITIES.get(name) or _STATUS[name]
    return DecodeError("out_of_range", f"{name} {value!r} is outside {least:g} to {most:g}")


def _count_error(count: int) -> DecodeError:
    names = ", ".join(_QUANTITIES)
    if count == 0:
        return DecodeError("missing_field", f"one of {names} is required")
    return DecodeError("ambiguous", f"exactly one of {names} is allowed, not {count}")


def _decode_field(device_id: str, payload: bytes, context: DecoderContext) -> Decoded:
    document = load_json(payload)
    items = document if isinstance(document, list) else [document]
    _check_count(len(items))
    decoded = Decoded(device_id=device_id)
    settings = context.settings(device_id)
    for index, item in enumerate(items):
        try:
            if not isinstance(item, dict):
                raise DecodeError("wrong_type", "a reading is a JSON object")
            timestamp = item.get("timestamp")
            at = None if timestamp is None else times.parse_timestamp(timestamp, context.received_at)
            reading = read_values(item, settings)
            if reading.error:
                decoded.events.append(DeviceEvent("sensor_error", reading.error.detail, at))
            elif reading.value is None:
                raise DecodeError("missing_field", f"no field {settings['field']!r}")
            decoded.measurements.append(reading.measurement(at=at))
        except DecodeError as error:
            decoded.rejected.append((index, error))
    if len(items) == 1 and decoded.rejected:
        raise decoded.rejected[0][1]
    return decoded
