"""Milesight EM500-UDL, an ultrasonic sensor that looks down: distance in millimetres.

The alarm channel 83 E9 (distance, change, alarm) is in millimetres too; public decoders divide it by ten.
"""

from __future__ import annotations

from ..base import Decoded, DecoderContext
from ..fields import scale_for
from ..lorawan import Frame
from ..lorawan_models import decode_as, device_id_from_topic, topics
from ..milesight import decode_frame

__all__ = ["decode", "decode_bytes", "device_id_from_topic", "topics"]

_DISTANCE = scale_for("distance", "mm")
_CHANNELS = {(0x03, 0x82): 2, (0x83, 0xE9): 5}


def decode(topic: str, payload: bytes, context: DecoderContext) -> list[Decoded]:
    """Samples of an uplink in a TTN or ChirpStack envelope."""
    return decode_as("milesight_em500_udl", topic, payload, context)


def decode_bytes(data: bytes, f_port: int) -> Frame | None:
    """A frame; the port is a setting of the sensor (85 by default) and says nothing."""
    return decode_frame(data, _DISTANCE, _CHANNELS, zero_is_error=True)
