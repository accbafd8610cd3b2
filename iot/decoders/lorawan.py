"""What LoRaWAN servers and LoRaWAN sensors share.

A server's envelope (`ttn`, `chirpstack`) becomes an `Uplink`; a model's codec turns its bytes into a `Frame`;
`decoded_from` joins the two. The bytes are decoded by the device's registered model. What a decoder that was
pasted into the server made of them is only a hint, used when the model is unknown, and then only for fields
whose name says both quantity and unit: public decoders for these sensors are off by factors of 10 and 100.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from importlib import import_module
from typing import Any, Protocol

import msgspec

from . import times
from .base import Decoded, DecodeError, DecoderContext, DeviceEvent, Measurement
from .fields import Scale, number, read_values, sample

MODELS = ("milesight_em500_udl", "milesight_em500_swl", "dragino_ldds")


class Uplink(msgspec.Struct, frozen=True, kw_only=True):
    """One uplink out of a server's envelope. `hint` is the server's own decoding, if it has one."""

    device_id: str
    aliases: tuple[str, ...] = ()
    at: datetime | None = None
    f_port: int = 0
    f_cnt: int = 0
    data: bytes = b""
    hint: Mapping[str, Any] | None = None
    rssi_dbm: int | None = None


class Frame(msgspec.Struct, kw_only=True):
    """What a sensor's bytes say. `history` is (epoch seconds, raw value or None for a sensor error)."""

    scale: Scale
    value: float | None = None
    error: str | None = None
    battery_percent: float | None = None
    battery_volts: float | None = None
    temperature_c: float | None = None
    firmware: str | None = None
    powered_on: bool = False
    history: list[tuple[int, float | None]] = []


class Codec(Protocol):
    """A model's module: `milesight_em500_udl`, `dragino_ldds`, …"""

    def decode_bytes(self, data: bytes, f_port: int) -> Frame | None:
        """A frame of this model, None for a port that carries no measurement. Raises DecodeError."""


def codec_for(kind: str | None) -> Codec | None:
    """The codec of a registered kind, None when the kind is a server and not a model."""
    if kind not in MODELS:
        return None
    return import_module(f"{__package__}.{kind}")


def decoded_from(uplink: Uplink, context: DecoderContext, kind: str | None = None) -> list[Decoded]:
    """The samples of one uplink, decoded as `kind` or as the registered kind of the device."""
    decoded = Decoded(device_id=uplink.device_id, aliases=uplink.aliases)
    try:
        _fill(decoded, uplink, context, kind)
    except DecodeError as error:
        error.device_id = uplink.device_id
        raise
    return [decoded]


def _fill(decoded: Decoded, uplink: Uplink, context: DecoderContext, kind: str | None) -> None:
    names = (uplink.device_id, *uplink.aliases)
    codec = codec_for(kind) or next((c for name in names if (c := codec_for(context.kind(name)))), None)
    if not uplink.data and not uplink.hint:
        decoded.measurements.append(_status_only(uplink))
    elif codec is None:
        settings = next((s for name in names if (s := context.settings(name))), {})
        _add_hint(decoded, uplink, settings)
    else:
        frame = codec.decode_bytes(uplink.data, uplink.f_port) if uplink.data else None
        if frame is None:
            decoded.measurements.append(_status_only(uplink))
        else:
            _add_frame(decoded, uplink, frame, context.received_at)


def frame_bytes(text: str) -> bytes:
    """The sensor's bytes out of base64. Raises DecodeError `bad_base64`."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise DecodeError("bad_base64", "the payload is not base64") from None


def best_rssi(values: list[Any]) -> int | None:
    """The strongest signal among the gateways that heard an uplink."""
    heard = [value for raw in values if (value := number(raw)) is not None and -200 <= value <= 100]
    return round(max(heard)) if heard else None


def _status_only(uplink: Uplink) -> Measurement:
    return Measurement(at=uplink.at, rssi_dbm=uplink.rssi_dbm, sequence=uplink.f_cnt)


def _add_frame(decoded: Decoded, uplink: Uplink, frame: Frame, received_at: datetime) -> None:
    status = {
        "battery_percent": frame.battery_percent,
        "battery_volts": frame.battery_volts,
        "temperature_c": frame.temperature_c,
        "rssi_dbm": uplink.rssi_dbm,
    }
    if frame.value is not None:
        decoded.measurements.append(
            sample(frame.scale, frame.value, at=uplink.at, sequence=uplink.f_cnt, **status)  # type: ignore[arg-type]
        )
    else:
        decoded.measurements.append(
            Measurement(at=uplink.at, sequence=uplink.f_cnt, firmware=frame.firmware, **status)  # type: ignore[arg-type]
        )
    if frame.error:
        decoded.events.append(DeviceEvent("sensor_error", frame.error, uplink.at))
    if frame.powered_on:
        decoded.events.append(DeviceEvent("online", "powered on", uplink.at))
    if frame.firmware:
        decoded.events.append(DeviceEvent("firmware", frame.firmware, uplink.at))
    for index, (seconds, value) in enumerate(frame.history):
        try:
            at = times.checked(times.parse_epoch(seconds), received_at)
            if value is not None:
                decoded.measurements.append(sample(frame.scale, value, at=at, historical=True))
        except DecodeError as error:
            decoded.rejected.append((index, error))


def _add_hint(decoded: Decoded, uplink: Uplink, settings: Mapping[str, Any]) -> None:
    reading = read_values(uplink.hint, settings) if uplink.hint else None
    if reading is None or (reading.value is None and reading.error is None):
        raise DecodeError(
            "unknown_model",
            "register the device with its model's kind, or name the field and unit of the decoded payload",
        )
    found = reading.measurement(at=uplink.at, sequence=uplink.f_cnt)
    decoded.measurements.append(msgspec.structs.replace(found, rssi_dbm=uplink.rssi_dbm))
    if reading.error:
        decoded.events.append(DeviceEvent("sensor_error", reading.error.detail, uplink.at))
