"""Dragino LDDS75 and LDDS20, ultrasonic, looking down: distance in millimetres, big endian, fPort 2.

Eight bytes: battery mV (14 bits), distance, interrupt, temperature of an optional probe (signed tenths of a
degree), sensor present. Firmware before 1.1.4 sends five (battery, distance, interrupt) and three when it
finds no sensor. A distance of 0 means no sensor, up to 20 an invalid reading; neither is a full tank.
"""

from __future__ import annotations

from ..base import Decoded, DecodeError, DecoderContext
from ..fields import scale_for
from ..lorawan import Frame
from ..lorawan_models import decode_as, device_id_from_topic, topics

__all__ = ["decode", "decode_bytes", "device_id_from_topic", "topics"]

_DISTANCE = scale_for("distance", "mm")
_DATA_PORT = 2
_INVALID_UP_TO_MM = 20
_NO_PROBE = 0x7FFF
_LENGTHS = (3, 5, 8)


def decode(topic: str, payload: bytes, context: DecoderContext) -> list[Decoded]:
    """Samples of an uplink in a TTN or ChirpStack envelope."""
    return decode_as("dragino_ldds", topic, payload, context)


def decode_bytes(data: bytes, f_port: int) -> Frame | None:
    """A measurement frame, None for the ports of configuration and status."""
    if f_port not in (_DATA_PORT, 0):  # 0: the envelope did not say
        return None
    if len(data) not in _LENGTHS:
        raise DecodeError("truncated", f"{len(data)} bytes, expected {_LENGTHS}")
    frame = Frame(scale=_DISTANCE, battery_volts=(int.from_bytes(data[:2], "big") & 0x3FFF) / 1000)
    if len(data) == 8:
        frame.temperature_c = _temperature(data[5:7])
    if len(data) == 3 or (len(data) == 8 and data[7] == 0):
        frame.error = "no sensor detected"
        return frame
    distance = int.from_bytes(data[2:4], "big")
    if distance == 0:
        frame.error = "no sensor detected"
    elif distance <= _INVALID_UP_TO_MM:
        frame.error = "invalid reading"
    else:
        frame.value = distance
    return frame


def _temperature(data: bytes) -> float | None:
    """Degrees; None where no probe is fitted (0, or the probe's own out-of-range values)."""
    raw = int.from_bytes(data, "big", signed=True)
    if raw in (0, _NO_PROBE) or not -550 <= raw <= 1250:
        return None
    return raw / 10
