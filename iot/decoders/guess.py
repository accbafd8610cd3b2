"""Numbers in a payload of no known shape: what each could be, by its name and by its size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from . import decoder_for, route
from .base import DecodeError, Measurement, load_json
from .fields import (
    UNITS,
    Quantity,
    Scale,
    number,
    quantity_in_name,
    sample,
    scale_for,
    scale_in,
    unit_in_name,
    unit_named,
    word_set,
    words_of,
)

_MAX_LEAVES = 200
CANONICAL = {"level": "percent", "volume": "l", "distance": "mm", "depth": "mm"}
DIRECTION = {
    "distance": "counted from the sensor down to the water",
    "depth": "counted from the bottom up to the surface",
    "level": "of the tank's capacity",
    "volume": "in the tank",
}
# Where in its envelope a fleet's decoder looks a field up.
FIELD_ROOTS = {
    "thingsboard": "values.",
    "shelly": "params.",
    "ttn": "uplink_message.decoded_payload.",
    "chirpstack": "object.",
}
_ID_KEYS = ("deviceId", "device_id", "deviceid", "dev_id", "device", "id", "mac", "name")
_NOT_LEVELS = word_set(
    "battery batt bat voltage rssi snr signal wifi temperature temp humidity pressure time timestamp ts"
    " epoch uptime heap id version counter count seq cnt port channel lat lon latitude longitude dt"
)


class Candidate(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One reading of the payload, best first. `value` is in `unit`, as sent; `canonical` in percent, litres
    or millimetres, ready for the tank's geometry. `settings` are what the device would be saved with."""

    kind: str
    device_id: str | None
    field: str | None
    unit: str
    quantity: Quantity
    value: float
    canonical: float
    confidence: float
    explanation: str
    settings: dict[str, str] = {}


def quantity_of(measurement: Measurement) -> tuple[Quantity, float]:
    if measurement.level_percent is not None:
        return "level", measurement.level_percent
    if measurement.volume_liters is not None:
        return "volume", measurement.volume_liters
    if measurement.distance_mm is not None:
        return "distance", measurement.distance_mm
    return "depth", measurement.depth_mm or 0.0


def guesses_in(topic: str | None, payload: bytes) -> Iterator[Candidate]:
    """Candidates out of any JSON, or of a bare number: fields by their names, units by name or by size."""
    try:
        document = load_json(payload)
    except DecodeError:
        return
    routed = route(topic) if topic else None
    device_id = decoder_for(routed).device_id_from_topic(topic) if routed and topic else None
    value = number(document)
    if value is not None:
        label = (topic or "").removesuffix("/state").rpartition("/")[2]
        bare = routed if routed in ("esphome", "shelly") else "esphome"
        yield from _guessed(bare, device_id, label or None, label, value, None)
        return
    # A fleet whose decoder reads no named fields cannot be told where to look.
    kind = routed if routed in ("json", "tasmota", "thingsboard", "ttn", "chirpstack") else None
    if kind is None:
        kind = "tasmota" if isinstance(document, dict) and "Time" in document and not topic else "json"
    if device_id is None and isinstance(document, dict):
        device_id = named_device(document)
    root = FIELD_ROOTS.get(kind, "")
    for path, label, value, unit in leaves_of(document):
        if path.startswith(root):
            yield from _guessed(kind, device_id, path.removeprefix(root), label, value, unit)


def named_device(document: dict[str, Any]) -> str | None:
    for key in _ID_KEYS:
        name = document.get(key)
        if isinstance(name, str) and 0 < len(name) <= 120:
            return name
    return None


def leaves_of(document: Any) -> Iterator[tuple[str, str, float, str | None]]:
    """(path, name with its parents', value, unit that a neighbouring key declares) of every number."""
    stack: list[tuple[str, Any]] = [
        ("", document[0] if isinstance(document, list) and document else document)
    ]
    seen = 0
    while stack and seen < _MAX_LEAVES:
        path, part = stack.pop()
        if not isinstance(part, dict):
            continue
        declared = next(
            (part[key] for key in ("unit", "units", "uom") if isinstance(part.get(key), str)), None
        )
        for key, child in part.items():
            seen += 1
            here = f"{path}.{key}" if path else key
            value = number(child)
            if value is not None:
                yield here, here.replace(".", " "), value, unit_named(declared)
            elif isinstance(child, dict):
                stack.append((here, child))


def _guessed(
    kind: str, device_id: str | None, path: str | None, label: str, value: float, declared: str | None
) -> Iterator[Candidate]:
    """Every sensible reading of one named number, the likeliest with the most confidence."""
    words = words_of(label)
    if _NOT_LEVELS.intersection(words[-2:]):
        return
    quantity = quantity_in_name(label)
    unit = declared or unit_in_name(label)
    if unit and (quantity or UNITS[unit][0] != "percent" or words):
        certain = 0.8 if quantity else 0.45
        guesses = [(scale_in(quantity, unit), certain)]
        if UNITS[unit][0] == "length" and quantity in (None, "level"):
            guesses.append((scale_for("distance", unit), certain * 0.5))
    else:
        guesses = list(_by_size(quantity, value))
    for scale, confidence in guesses:
        try:
            canonical = quantity_of(sample(scale, value))[1]
        except DecodeError:
            continue
        yield Candidate(
            kind=kind,
            device_id=device_id,
            field=path,
            unit=scale.unit,
            quantity=scale.quantity,
            value=value,
            canonical=canonical,
            confidence=round(confidence, 3),
            explanation=_explained(path, quantity, unit, scale, value),
            settings={
                **({"field": path} if path else {}),
                "unit": scale.unit,
                "quantity": scale.quantity,
            },
        )


def _by_size(quantity: Quantity | None, value: float) -> Iterator[tuple[Scale, float]]:
    """Units for a number that has none: tanks are a few decimetres to some ten metres high."""
    sure = 0.6 if quantity else 0.25
    if quantity is None and value != int(value) and 0.05 <= value <= 8:
        yield scale_for("distance", "m"), 0.4  # what a bare ultrasonic sensor sends
    if quantity == "volume":
        yield scale_for("volume", "l"), sure
        yield scale_for("volume", "gal"), sure * 0.4
        yield scale_for("volume", "m3"), sure * 0.3
        return
    if quantity in ("level", None) and 0 <= value <= 100:
        yield scale_for("level", "percent"), sure
        sure *= 0.5
    likely = {
        "m": 0.05 <= value <= 15 and (value != int(value) or value < 5),
        "cm": 5 <= value <= 600,
        "mm": 100 <= value <= 15_000,
    }
    best = "m" if likely["m"] and value < 8 else "cm" if likely["cm"] and value < 400 else "mm"
    for unit, fits in likely.items():
        if not fits:
            continue
        weight = sure if unit == best else sure * 0.4
        if quantity != "distance":
            yield scale_for("depth", unit), weight
        if quantity != "depth" and quantity != "level":
            yield scale_for("distance", unit), weight


def _explained(path: str | None, named: Quantity | None, unit: str | None, scale: Scale, value: float) -> str:
    where = f"field {path}" if path else "the bare number"
    by_name = f"its name says {named}" if named else "its name does not say what it is"
    by_unit = f"and gives the unit {unit}" if unit else f"and {scale.unit} is a guess from its size"
    return f"{where}: {by_name} {by_unit}; {value:g} {scale.unit}, {DIRECTION[scale.quantity]}"
