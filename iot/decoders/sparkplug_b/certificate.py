"""Birth certificates: what a metric's alias, type and unit mean; and the samples read with them."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from datetime import datetime
from typing import Any

from .. import times
from ..base import Decoded, DecodeError, DeviceEvent
from ..fields import quantity_in_name, read_values, words_of

# Beyond this many metrics only those that can matter to a tank are kept.
MAX_METRICS = 500
_UNIT_KEYS = ("engUnit", "Engineering Units", "engineeringUnits", "unit", "units")
_QUALITY_BAD, _QUALITY_STALE = 0, 500
_SIGNED_BITS = {1: 8, 2: 16, 3: 32, 4: 64}
_SIDE_WORDS = {"battery", "temperature", "rssi", "temp"}


def remember(state: MutableMapping[str, Any], payload: Any) -> None:
    """Keep a certificate in the state: name -> [alias, datatype, unit], JSON-safe."""
    metrics: dict[str, list[Any]] = {}
    partial = len(payload.metrics) > MAX_METRICS
    for metric in payload.metrics:
        name = metric.name
        if not name or len(name) > 200 or len(metrics) >= MAX_METRICS:
            continue
        if partial and quantity_in_name(name) is None and not _SIDE_WORDS.intersection(words_of(name)):
            continue
        alias = metric.alias if metric.HasField("alias") else None
        metrics[name] = [alias, metric.datatype, _unit(metric)]
    state["metrics"] = metrics
    state["partial"] = partial


def add_samples(
    decoded: Decoded,
    payload: Any,
    state: Mapping[str, Any],
    settings: Mapping[str, Any],
    received_at: datetime,
) -> bool:
    """Add the samples of a message to `decoded`; False when a metric could not be told by its alias."""
    known: Mapping[str, Any] = state.get("metrics") or {}
    by_alias = {entry[0]: name for name, entry in known.items() if entry[0] is not None}
    units = {name: entry[2] for name, entry in known.items() if entry[2]}
    complete = True
    groups: dict[tuple[int, bool], dict[str, Any]] = {}
    for metric in payload.metrics:
        name = metric.name or by_alias.get(metric.alias)
        if name is None:
            complete = complete and bool(state.get("partial"))
            continue
        quality = _quality(metric)
        if quality == _QUALITY_STALE:
            continue
        if words_of(name)[-2:] in (("firmware", "version"), ("fw", "version")) and metric.string_value:
            decoded.events.append(DeviceEvent("firmware", metric.string_value[:80]))
        datatype = metric.datatype or (known[name][1] if name in known else 0)
        key = (metric.timestamp or payload.timestamp, metric.is_historical)
        groups.setdefault(key, {})[name] = (
            None if metric.is_null or quality == _QUALITY_BAD else _value(metric, datatype)
        )
    for index, ((millis, historical), values) in enumerate(groups.items()):
        try:
            _add_group(decoded, values, units, settings, millis, historical, payload.seq, received_at)
        except DecodeError as error:
            decoded.rejected.append((index, error))
    return complete


def _add_group(
    decoded: Decoded,
    values: dict[str, Any],
    units: Mapping[str, str],
    settings: Mapping[str, Any],
    millis: int,
    historical: bool,
    seq: int,
    received_at: datetime,
) -> None:
    reading = read_values(values, settings, units)
    if reading.value is None and reading.error is None and not reading.has_status:
        return
    # Backfill without a believable time has no place to go; a live value has: now.
    at = times.parse_timestamp(millis, received_at) if historical else times.live_time(millis, received_at)
    if reading.error and not historical:
        decoded.events.append(DeviceEvent("sensor_error", reading.error.detail, at))
    if reading.value is not None or reading.has_status:
        decoded.measurements.append(reading.measurement(at=at, historical=historical, sequence=seq))


def _value(metric: Any, datatype: int) -> Any:
    """The metric's value; integers carry their sign as two's complement in an unsigned field."""
    field = metric.WhichOneof("value")
    if field is None:
        return None
    value = getattr(metric, field)
    if field not in ("int_value", "long_value"):
        return value
    bits = _SIGNED_BITS.get(datatype)
    if bits is None:
        return value
    width = 64 if field == "long_value" else 32
    for size in (bits, width):
        if value < 1 << size:
            return value - (1 << size) if value >> (size - 1) else value
    return value


def _properties(metric: Any) -> dict[str, Any]:
    return dict(zip(metric.properties.keys, metric.properties.values, strict=False))


def _unit(metric: Any) -> str | None:
    properties = _properties(metric)
    for key in _UNIT_KEYS:
        if key in properties and properties[key].string_value:
            return str(properties[key].string_value)[:20]
    return None


def _quality(metric: Any) -> int | None:
    quality = _properties(metric).get("Quality")
    return None if quality is None else int(quality.int_value)
