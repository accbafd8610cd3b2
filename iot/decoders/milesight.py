"""Milesight's frame: channel, type, value, repeated; little endian. Shared by the EM500 models.

The vendor's table gives battery (01 75), the model's quantity, history (20 CE: epoch seconds and value, a
backfill) and device information (FF ..). FFFD and FFFF stand where a value would when the probe fails.
"""

from __future__ import annotations

from .base import DecodeError
from .fields import Scale
from .lorawan import Frame

_SENSOR_ERRORS = {0xFFFF: "sensor failed", 0xFFFD: "reading out of the sensor's range"}
_HISTORY = (0x20, 0xCE)
_BATTERY = (0x01, 0x75)
_POWER_ON = (0xFF, 0x0B)
_FIRMWARE = (0xFF, 0x0A)
_INFO_LENGTHS = {
    (0xFF, 0x01): 1,  # protocol version
    (0xFF, 0x09): 2,  # hardware version
    (0xFF, 0x0F): 1,  # LoRaWAN class
    (0xFF, 0x16): 8,  # serial number
    (0xFF, 0xFE): 1,  # reset
    (0xFF, 0xFF): 2,  # TSL version
    _FIRMWARE: 2,
    _POWER_ON: 1,
}


def decode_frame(
    data: bytes, scale: Scale, lengths: dict[tuple[int, int], int], *, zero_is_error: bool
) -> Frame:
    """A frame whose quantity stands in the first two bytes of each channel in `lengths` (its value's size).

    Reading stops at a channel it does not know, whose length it cannot know either; a known one cut short
    raises DecodeError `truncated`, and a frame that starts with an unknown one `unknown_channel`.
    """
    frame = Frame(scale=scale)
    position = 0
    while position < len(data):
        channel = (data[position], data[position + 1]) if position + 1 < len(data) else (data[position], 0)
        length = _length(channel, lengths)
        if length is None:
            if position == 0:
                raise DecodeError("unknown_channel", f"starts with channel {data[:2].hex()}")
            break
        value = data[position + 2 : position + 2 + length]
        if len(value) < length:
            raise DecodeError("truncated", f"channel {channel[0]:02x} {channel[1]:02x} is cut short")
        position += 2 + length
        _take(frame, channel, value, channel in lengths, zero_is_error)
    return frame


def _length(channel: tuple[int, int], lengths: dict[tuple[int, int], int]) -> int | None:
    if channel in lengths:
        return lengths[channel]
    if channel == _BATTERY:
        return 1
    return 6 if channel == _HISTORY else _INFO_LENGTHS.get(channel)


def _take(frame: Frame, channel: tuple[int, int], value: bytes, quantity: bool, zero_is_error: bool) -> None:
    if quantity:
        raw = int.from_bytes(value[:2], "little")
        frame.error = _SENSOR_ERRORS.get(raw) or ("no echo" if raw == 0 and zero_is_error else None)
        frame.value = None if frame.error else raw
    elif channel == _BATTERY:
        frame.battery_percent = value[0] if value[0] <= 100 else None
    elif channel == _HISTORY:
        raw = int.from_bytes(value[4:6], "little")
        failed = raw in _SENSOR_ERRORS or (raw == 0 and zero_is_error)
        frame.history.append((int.from_bytes(value[:4], "little"), None if failed else raw))
    elif channel == _FIRMWARE:
        frame.firmware = f"v{value[0]:x}.{value[1]:x}"  # binary-coded: 01 10 is v1.10
    elif channel == _POWER_ON:
        frame.powered_on = True
