"""Milesight EM500-SWL, a pressure probe on the bottom: depth in centimetres.

Public decoders have shown this value divided by 100; the vendor's protocol says whole centimetres.
"""

from __future__ import annotations

from ..base import Decoded, DecoderContext
from ..fields import scale_for
from ..lorawan import Frame
from ..lorawan_models import decode_as, device_id_from_topic, topics
from ..milesight import decode_frame

__all__ = ["decode", "decode_bytes", "device_id_from_topic", "topics"]

_DEPTH = scale_for("depth", "cm")
_CHANNELS = {(0x03, 0x77): 2}


def decode(topic: str, payload: bytes, context: DecoderContext) -> list[Decoded]:
    """Samples of an uplink in a TTN or ChirpStack envelope."""
    return decode_as("milesight_em500_swl", topic, payload, context)


def decode_bytes(data: bytes, f_port: int) -> Frame | None:
    """A frame; the port is a setting of the sensor (85 by default) and says nothing."""
    return decode_frame(data, _DEPTH, _CHANNELS, zero_is_error=False)
