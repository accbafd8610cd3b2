"""What an unknown payload most likely is: decoder, field, unit and direction, for a person to confirm.

Known fleets are tried first, by topic or by shape; then any JSON is searched for numbers whose names speak of
a tank. Unlike a decoder, this guesses units from values. It saves nothing and raises nothing on bad input.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from . import decoder_for, lorawan, route
from .base import DecodeError, StaticContext, load_json
from .fields import UNITS, Scale, quantity_in_name, sample
from .guess import (
    CANONICAL,
    DIRECTION,
    FIELD_ROOTS,
    Candidate,
    guesses_in,
    leaves_of,
    named_device,
    quantity_of,
)

__all__ = ["Candidate", "infer"]

MAX_CANDIDATES = 12
_MAX_PASTED = 4096
# Where each fleet would have published a payload that came without its topic.
_SHAPES = {
    "json": "tanks/device/level",
    "tasmota": "tele/device/SENSOR",
    "shelly": "device/events/rpc",
    "thingsboard": "device/v1/devices/me/telemetry",
}


def infer(
    payload: bytes, topic: str | None = None, *, received_at: datetime | None = None
) -> list[Candidate]:
    """Ranked candidates for one payload (raw bytes, or its text, hex or base64 as a person pasted it)."""
    now = received_at or datetime.now(UTC)
    found: dict[tuple[Any, ...], Candidate] = {}
    for data in _variants(payload):
        known = list(_known(topic, data, now))
        fleets = {candidate.kind for candidate in known}
        for candidate in (*known, *guesses_in(topic, data)):
            if fleets and candidate.kind not in fleets:
                continue  # a recognised fleet's message is not some other JSON too
            key = (candidate.kind, candidate.quantity, round(candidate.canonical, 3))
            if key not in found or found[key].confidence < candidate.confidence:
                found[key] = candidate
    return sorted(found.values(), key=lambda one: -one.confidence)[:MAX_CANDIDATES]


def _variants(payload: bytes) -> Iterator[bytes]:
    """The payload, and what it spells when it is hex or base64 text."""
    yield payload
    text = payload.strip()
    if len(text) > _MAX_PASTED:
        return
    if re.fullmatch(rb"(?:0x)?(?:[0-9A-Fa-f]{2}[\s:-]?){4,}", text):
        yield bytes.fromhex(re.sub(rb"^0x|[\s:-]", b"", text).decode())
    elif re.fullmatch(rb"[A-Za-z0-9+/]{8,}={0,2}", text):
        try:
            yield base64.b64decode(text, validate=True)
        except binascii.Error:
            return


def _known(topic: str | None, payload: bytes, now: datetime) -> Iterator[Candidate]:
    """What the decoders themselves make of it."""
    kind = route(topic) if topic else None
    if topic and kind:
        yield from _tried(kind, topic, payload, now, 0.97, "the topic is that of this fleet")
        if kind in ("ttn", "chirpstack"):
            yield from _models(topic, payload, now)
        return
    yield from _bytes_of_models(payload)
    try:
        document = load_json(payload)
    except DecodeError:
        return
    if not isinstance(document, dict):
        document = {}
    if "end_device_ids" in document or "deviceInfo" in document:
        server = "ttn" if "end_device_ids" in document else "chirpstack"
        yield from _models("", payload, now)
        yield from _tried(server, "", payload, now, 0.75, "the payload has this server's shape")
        return
    for kind in _shapes_of(document, payload):
        name = document.get("src") if kind == "shelly" else named_device(document)
        named = isinstance(name, str) and bool(name) and "/" not in name
        shape = _SHAPES[kind].replace("device", str(name), 1) if named else _SHAPES[kind]
        yield from _tried(kind, shape, payload, now, 0.9, "the payload has this fleet's shape", named=named)
    if document and all(isinstance(item, list) for item in document.values()):
        yield from _tried("thingsboard", "v1/gateway/telemetry", payload, now, 0.85, "a gateway's telemetry")


def _shapes_of(document: dict[str, Any], payload: bytes) -> Iterator[str]:
    """The fleets whose payloads look like this one."""
    yield "json"
    if "Time" in document:
        yield "tasmota"
    if "params" in document:
        yield "shelly"
    if {"ts", "values"} <= document.keys() or payload.lstrip()[:1] == b"[":
        yield "thingsboard"


def _tried(
    kind: str, topic: str, payload: bytes, now: datetime, confidence: float, why: str, *, named: bool = True
) -> Iterator[Candidate]:
    context = StaticContext(received_at=now, default_kind=kind)
    try:
        results = decoder_for(kind).decode(topic, payload, context)
    except DecodeError:
        return
    for decoded in results:
        device_id = decoded.device_id if named else None
        for measurement in decoded.measurements:
            if measurement.has_quantity and not measurement.historical:
                quantity, canonical = quantity_of(measurement)
                own = Scale(quantity, CANONICAL[quantity], 1.0)
                path, scale, value = None, own, canonical
                if kind not in lorawan.MODELS:  # those are read from bytes, not from a named number
                    path, scale, value = _as_sent(kind, payload, own, canonical)
                yield _candidate(kind, device_id, path, scale, value, canonical, confidence, why)


def _models(topic: str, payload: bytes, now: datetime) -> Iterator[Candidate]:
    """A LoRaWAN uplink, read as each model in turn: a frame that fits its layout is rarely another's."""
    for model in lorawan.MODELS:
        yield from _tried(model, topic, payload, now, 0.95, "its bytes are a frame of this model")


def _bytes_of_models(data: bytes) -> Iterator[Candidate]:
    """Bare bytes of a LoRaWAN frame, without the server's envelope."""
    if not 3 <= len(data) <= 240:
        return
    for model in lorawan.MODELS:
        codec = lorawan.codec_for(model)
        try:
            frame = codec.decode_bytes(data, 0) if codec else None
            if frame is None or frame.value is None:
                continue
            canonical = quantity_of(sample(frame.scale, frame.value))[1]
        except DecodeError:
            continue
        volts = frame.battery_volts
        if volts is not None and not 1.8 <= volts <= 4.3:
            continue  # any eight bytes have Dragino's length; few have a battery in them
        why = "the bytes are a frame of this model"
        yield _candidate(model, None, None, frame.scale, frame.value, canonical, 0.8, why)


def _candidate(
    kind: str,
    device_id: str | None,
    field: str | None,
    scale: Scale,
    value: float,
    canonical: float,
    confidence: float,
    why: str,
) -> Candidate:
    where = f", field {field}" if field else ""
    return Candidate(
        kind=kind,
        device_id=device_id,
        field=field,
        unit=scale.unit,
        quantity=scale.quantity,
        value=value,
        canonical=canonical,
        confidence=confidence,
        explanation=f"{kind}: {why}{where}; {value:g} {scale.unit}, {DIRECTION[scale.quantity]}",
    )


def _as_sent(kind: str, payload: bytes, scale: Scale, canonical: float) -> tuple[str | None, Scale, float]:
    """The field and unit that a decoded value was sent in: the number in the payload that gives it."""
    try:
        document = load_json(payload)
    except DecodeError:
        return None, scale, canonical
    dimension = UNITS[scale.unit][0]
    found: tuple[str | None, Scale, float] = (None, scale, canonical)
    for path, label, value, _ in leaves_of(document):
        for unit, (measures, factor) in UNITS.items():
            if measures == dimension and abs(value * factor - canonical) <= 1e-9 * (1 + abs(canonical)):
                found = (
                    path.removeprefix(FIELD_ROOTS.get(kind, "")),
                    Scale(scale.quantity, unit, factor),
                    value,
                )
                if quantity_in_name(label):
                    return found
    return found
