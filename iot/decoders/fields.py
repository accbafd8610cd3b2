"""Names and units: which field of a foreign payload is the water level, and in what.

Shared by the fleets whose payloads are free maps of names to numbers. A unit is taken from the device's
settings, from the payload's own declaration, or from the field's name; it is never guessed from the value
(`infer` does that, for a person to confirm).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

import msgspec

from .base import DecodeError, DeviceEvent, Measurement

Quantity = Literal["level", "volume", "distance", "depth"]


def word_set(text: str) -> frozenset[str]:
    """The words of a list written as one string."""
    return frozenset(text.split())


# unit -> (dimension, factor to percent, litres or millimetres)
UNITS: dict[str, tuple[str, float]] = {
    "percent": ("percent", 1.0),
    "mm": ("length", 1.0),
    "cm": ("length", 10.0),
    "m": ("length", 1000.0),
    "in": ("length", 25.4),
    "ft": ("length", 304.8),
    "l": ("volume", 1.0),
    "m3": ("volume", 1000.0),
    "gal": ("volume", 3.785411784),
}
_UNIT_WORDS = {
    "percent": "% percent percentage pct perc prozent",
    "mm": "mm millimeter millimeters millimetre millimetres",
    "cm": "cm centimeter centimeters centimetre centimetres",
    "m": "m meter meters metre metres mtr",
    "in": 'in inch inches "',
    "ft": "ft foot feet '",
    "l": "l liter liters litre litres ltr ltrs",
    "m3": "m3 m³ cbm",
    "gal": "gal gals gallon gallons",
}
_UNIT_OF_WORD = {word: unit for unit, listed in _UNIT_WORDS.items() for word in listed.split()}
_QUANTITY_WORDS: dict[Quantity, frozenset[str]] = {
    "distance": word_set("distance dist ullage outage airgap gap ultrasonic range echo"),
    "volume": word_set("volume vol contents stock"),
    "depth": word_set("depth innage height"),
    "level": word_set("level lvl fill filling fullness waterlevel liquidlevel tanklevel"),
}
# A level of one of these is not a level of water.
_OTHER_WORDS = word_set(
    "battery bat batt signal rssi snr wifi power sound noise alarm threshold limit min max error status"
)
_SMALLEST_DEPTH_MM = -50.0  # a pressure probe in an empty tank reads a little below zero
_MOST = {"level": 101.0, "volume": 1e9, "distance": 100_000.0, "depth": 100_000.0}


class Scale(msgspec.Struct, frozen=True):
    """How a raw number becomes a sample: its quantity, its unit and the factor to the product's own unit."""

    quantity: Quantity
    unit: str
    factor: float


def scale_for(quantity: str, unit: str) -> Scale:
    """The scale of a quantity in a unit of `UNITS`. Raises DecodeError `bad_setting`."""
    if unit not in UNITS:
        raise DecodeError("bad_setting", f"unknown unit {unit!r}")
    if not is_measured_in(quantity, unit):
        raise DecodeError("bad_setting", f"a {quantity} is not measured in {unit}")
    return Scale(quantity, unit, UNITS[unit][1])  # type: ignore[arg-type]


def is_measured_in(quantity: str, unit: str) -> bool:
    """Whether a unit of `UNITS` is one of this quantity."""
    fitting = {"percent": ("level",), "volume": ("volume",), "length": ("distance", "depth")}
    return quantity in fitting[UNITS[unit][0]]


def unit_named(text: str | None) -> str | None:
    """Canonical unit for what people and devices write ("Liters", "%", "m³"), None if it is not one."""
    return _UNIT_OF_WORD.get(text.strip().lower()) if text else None


@lru_cache(maxsize=4096)
def words_of(name: str) -> tuple[str, ...]:
    """`waterLevelCm`, `water-level_cm` and `Water Level/cm` -> ("water", "level", "cm")."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name[:120])
    return tuple(word for word in re.split(r"[^A-Za-z0-9%³]+", spaced.lower()) if word)


@lru_cache(maxsize=4096)
def quantity_in_name(name: str) -> Quantity | None:
    """The quantity a field's name speaks of, None when it is about something else."""
    words = words_of(name)
    if _OTHER_WORDS.intersection(words):
        return None
    for quantity, known in _QUANTITY_WORDS.items():
        if known.intersection(words):
            return quantity
    return None


@lru_cache(maxsize=4096)
def unit_in_name(name: str) -> str | None:
    """The unit at the end of a field's name (`distance_cm`, `volumeLiters`)."""
    words = words_of(name)
    if len(words) < 2:
        return None
    return _UNIT_OF_WORD.get(words[-1])


def scale_of(name: str, unit: str | None = None) -> Scale | None:
    """What a field is by its name, and by the unit its device declares. None when that is not certain.

    A level in millimetres is a depth, a level in litres a volume, and a bare "level" percent. A bare
    distance, depth or volume has no certain unit, except that volumes without one are litres.
    """
    quantity = quantity_in_name(name)
    if quantity is None:
        return None
    known = unit_named(unit) or (unit_in_name(name) if not unit else None)
    if known is None:
        if unit or quantity in ("distance", "depth"):
            return None
        known = "percent" if quantity == "level" else "l"
    return scale_in(quantity, known)


def scale_in(quantity: Quantity | None, unit: str) -> Scale:
    """The scale for a unit, the quantity bent to what the unit can measure."""
    dimension = UNITS[unit][0]
    if dimension == "percent":
        return scale_for("level", unit)
    if dimension == "volume":
        return scale_for("volume", unit)
    return scale_for("distance" if quantity == "distance" else "depth", unit)


def scale_from_settings(settings: Mapping[str, Any], field: str, declared: str | None = None) -> Scale | None:
    """The scale that the device's settings give `field`, falling back on name and declared unit."""
    unit = unit_named(str(settings["unit"])) if settings.get("unit") else None
    if settings.get("unit") and unit is None:
        raise DecodeError("bad_setting", f"unknown unit {settings['unit']!r}")
    quantity = settings.get("quantity")
    unit = unit or unit_named(declared) or unit_in_name(field)
    if unit is None:
        if quantity not in (None, "level", "volume"):
            return None
        return scale_of(field) or (scale_in(quantity, "percent") if quantity == "level" else None)
    if quantity:
        return scale_for(str(quantity), unit)
    return scale_in(quantity_in_name(field) or "distance", unit)


def number(value: Any) -> float | None:
    """A finite number, else None. Booleans and numbers in quotes are not numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        value = float(value)
    except OverflowError:
        return None
    return value if math.isfinite(value) else None


def sample(
    scale: Scale,
    value: float,
    *,
    at: datetime | None = None,
    historical: bool = False,
    sequence: int | None = None,
    battery_percent: float | None = None,
    battery_volts: float | None = None,
    rssi_dbm: int | None = None,
    temperature_c: float | None = None,
) -> Measurement:
    """One measurement of a raw value. Raises DecodeError `out_of_range`.

    Percent within one of 0 or 100 and depths just below zero are sensor noise and are clamped.
    """
    quantity = scale.quantity
    amount = value * scale.factor
    least = -1.0 if quantity == "level" else _SMALLEST_DEPTH_MM if quantity == "depth" else -0.0
    most = _MOST[quantity]
    if not least <= amount <= most or (quantity == "level" and not least < amount < most):
        raise DecodeError("out_of_range", f"{quantity} {value:g} {scale.unit} is impossible")
    amount = max(amount, 0.0)
    return Measurement(
        at=at,
        level_percent=min(amount, 100.0) if quantity == "level" else None,
        volume_liters=amount if quantity == "volume" else None,
        distance_mm=amount if quantity == "distance" else None,
        depth_mm=amount if quantity == "depth" else None,
        battery_percent=battery_percent,
        battery_volts=battery_volts,
        rssi_dbm=rssi_dbm,
        temperature_c=temperature_c,
        historical=historical,
        sequence=sequence,
    )


def lookup(document: Any, path: str) -> Any:
    """The value at a dotted path, e.g. `SR04.Distance`; a key that itself has dots is found too.

    Raises KeyError.
    """
    if isinstance(document, dict):
        if path in document:
            return document[path]
        for end in (i for i, char in enumerate(path) if char == "."):
            if path[:end] in document:
                return lookup(document[path[:end]], path[end + 1 :])
    raise KeyError(path)


class Reading(msgspec.Struct, frozen=True):
    """What a map of names to values holds: the chosen field, and the status beside it."""

    scale: Scale | None = None
    value: float | None = None
    error: DeviceEvent | None = None
    battery_percent: float | None = None
    temperature_c: float | None = None
    rssi_dbm: int | None = None

    @property
    def has_status(self) -> bool:
        """Whether anything beside the quantity was read."""
        return not (self.battery_percent is None and self.temperature_c is None and self.rssi_dbm is None)

    def measurement(
        self, *, at: datetime | None, historical: bool = False, sequence: int | None = None
    ) -> Measurement:
        """The measurement of this reading (status only when it has no value). Raises `out_of_range`."""
        if self.scale is None or self.value is None:
            return Measurement(
                at=at,
                historical=historical,
                sequence=sequence,
                battery_percent=self.battery_percent,
                temperature_c=self.temperature_c,
                rssi_dbm=self.rssi_dbm,
            )
        return sample(
            self.scale,
            self.value,
            at=at,
            historical=historical,
            sequence=sequence,
            battery_percent=self.battery_percent,
            temperature_c=self.temperature_c,
            rssi_dbm=self.rssi_dbm,
        )


_PREFERENCE: dict[Quantity, int] = {"level": 0, "volume": 1, "depth": 2, "distance": 3}


def read_values(
    values: Mapping[str, Any], settings: Mapping[str, Any], units: Mapping[str, str] | None = None
) -> Reading:
    """Pick the water level and the device's status out of `{name: value}`.

    With `settings["field"]` that field and no other; otherwise the field whose name and unit are certain,
    a level before a volume before a depth before a distance. A chosen field that is null or not finite is
    a sensor error. `units` are units the device declared by name.
    Raises DecodeError `missing_field`, `wrong_type`, `bad_setting`.
    """
    declared = units or {}
    status = _status(values)
    field = settings.get("field")
    if field:
        try:
            raw = lookup(dict(values), str(field))
        except KeyError:
            return Reading(**status)
        scale = scale_from_settings(settings, str(field), declared.get(str(field)))
        if scale is None:
            raise DecodeError("missing_field", f"the unit of {field!r} is unknown: set it")
        name = str(field)
    else:
        found = [
            (scale, name)
            for name in values
            if isinstance(name, str) and (scale := scale_of(name, declared.get(name)))
        ]
        if not found:
            return Reading(**status)
        scale, name = min(found, key=lambda pair: _PREFERENCE[pair[0].quantity])
        raw = values[name]
    value = number(raw)
    if value is not None:
        return Reading(scale=scale, value=value, **status)
    if raw is None or isinstance(raw, float):
        return Reading(error=DeviceEvent("sensor_error", f"{name} is {raw}"), **status)
    raise DecodeError("wrong_type", f"{name} is not a number")


def _status(values: Mapping[str, Any]) -> dict[str, Any]:
    status: dict[str, Any] = {}
    for name, raw in values.items():
        value = number(raw)
        if value is None or not isinstance(name, str):
            continue
        words = words_of(name)
        if words in {("battery",), ("battery", "level"), ("battery", "percent")} and 0 <= value <= 100:
            status["battery_percent"] = value
        elif words in {("temperature",), ("temp",), ("temperature", "c")} and -60 <= value <= 120:
            status["temperature_c"] = value
        elif words[-1:] == ("rssi",) and -200 <= value <= 0:
            status["rssi_dbm"] = round(value)
    return status
