"""Shelly Gen2 and later: `<deviceId>/events/rpc`, `<deviceId>/online`, `<deviceId>/status/<component>`.

A notification carries only what changed, so the last status is kept and the change laid over it. The level
is the user's own conversion (`xvoltage` of a voltmeter, `xpercent` or `percent` of an analog input), in
percent unless the settings say otherwise; a bare voltage is never a level. `voltage: null`, or an `errors`
entry, is a sensor error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from datetime import datetime
from typing import Any

from .. import times
from ..base import Decoded, DecodeError, DecoderContext, DeviceEvent, Measurement, load_object, presence
from ..fields import Scale, number, sample, scale_for, scale_from_settings

topics = ("+/events/rpc", "+/+/events/rpc", "+/online", "+/status/+")

_RAW_OF = {"xvoltage": "voltage", "xpercent": "percent", "percent": "percent", "voltage": "voltage"}
_DEFAULTS = (("voltmeter:", "xvoltage"), ("input:", "xpercent"), ("input:", "percent"))
_PERCENT = scale_for("level", "percent")
_MAX_COMPONENTS = 64


def device_id_from_topic(topic: str) -> str | None:
    """The topic prefix, which may itself hold slashes."""
    for suffix in ("/events/rpc", "/online"):
        if topic.endswith(suffix):
            return topic.removesuffix(suffix) or None
    head, found, component = topic.rpartition("/status/")
    return head if found and head and "/" not in component else None


def decode(topic: str, payload: bytes, context: DecoderContext) -> list[Decoded]:
    """Samples of one notification; the device's last status is updated in its state."""
    device_id = device_id_from_topic(topic)
    if device_id is None:
        raise DecodeError("foreign_topic", "expected <deviceId>/events/rpc, /online or /status/<component>")
    decoded = Decoded(device_id=device_id)
    if topic.endswith("/online"):
        decoded.events.append(presence(payload, online="true", offline="false"))
        return [decoded]
    document = load_object(payload)
    at: datetime | None = None
    full = False
    if topic.endswith("/events/rpc"):
        params = document.get("params")
        if not isinstance(params, dict):
            raise DecodeError("missing_field", "the notification has no params")
        if document.get("method") not in ("NotifyStatus", "NotifyFullStatus"):
            return [decoded]
        full = document["method"] == "NotifyFullStatus"
        at = times.live_time(params.get("ts"), context.received_at)
        changes = {name: part for name, part in params.items() if isinstance(part, dict)}
    else:
        changes = {topic.rsplit("/", 1)[-1]: document}
    status = _overlay(context.state(device_id), changes, full)
    _add(decoded, status, changes, context.settings(device_id), at)
    return [decoded]


def _overlay(state: MutableMapping[str, Any], changes: dict[str, Any], full: bool) -> dict[str, Any]:
    """Lay changes over the remembered status and remember the result (only what a tank needs)."""
    known = {} if full else dict(state.get("status") or {})
    for name, part in changes.items():
        if name in known or len(known) < _MAX_COMPONENTS:
            known[name] = {**known.get(name, {}), **_plain(part)}
    state["status"] = known
    return known


def _plain(part: dict[str, Any]) -> dict[str, Any]:
    """Numbers, nulls, error lists and the battery: what of a component is worth remembering."""
    kept = {key: value for key, value in part.items() if value is None or number(value) is not None}
    if isinstance(part.get("battery"), dict):
        kept["battery"] = {key: value for key, value in part["battery"].items() if number(value) is not None}
    # Present only while something is wrong, so its absence in a change of the value clears it.
    errors = part.get("errors")
    kept["errors"] = [str(error)[:40] for error in errors[:8]] if isinstance(errors, list) else []
    return kept


def _add(
    decoded: Decoded,
    status: Mapping[str, Any],
    changes: Mapping[str, Any],
    settings: Mapping[str, Any],
    at: datetime | None,
) -> None:
    beside = _beside(changes)
    for component, name, scale in _fields(status, settings):
        if component not in changes:
            continue
        part = status[component]
        if part.get("errors") or _failed(part, name):
            reason = ", ".join(part.get("errors") or []) or "no reading"
            decoded.events.append(DeviceEvent("sensor_error", f"{component}: {reason}", at))
            break
        value = number(part.get(name))
        if value is not None:
            decoded.measurements.append(sample(scale, value, at=at, **beside))
            return
    if beside:
        decoded.measurements.append(Measurement(at=at, **beside))


def _fields(status: Mapping[str, Any], settings: Mapping[str, Any]) -> Iterator[tuple[str, str, Scale]]:
    """Where the level may be: the settings' field (`voltmeter:100.xvoltage`, `xvoltage`), or the usual."""
    wanted = settings.get("field")
    if not wanted:
        for prefix, name in _DEFAULTS:
            for component in status:
                if component.startswith(prefix) and (
                    name in status[component] or _RAW_OF[name] in status[component]
                ):
                    yield component, name, _PERCENT
        return
    component, _, name = str(wanted).rpartition(".")
    scale = scale_from_settings(settings, name) or (None if name == "voltage" else _PERCENT)
    if scale is None:
        raise DecodeError("bad_setting", "a voltage is not a level: set the unit of a converted value")
    for candidate in [component] if component else list(status):
        if candidate in status and (name in status[candidate] or _RAW_OF.get(name) in status[candidate]):
            yield candidate, name, scale


def _failed(part: Mapping[str, Any], name: str) -> bool:
    raw = _RAW_OF.get(name, name)
    return (raw in part and part[raw] is None) or (name in part and part[name] is None)


def _beside(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Battery, signal and temperature, where this message carries them."""
    found: dict[str, Any] = {}
    for component, part in changes.items():
        battery = part.get("battery")
        if component.startswith("devicepower:") and isinstance(battery, dict):
            external = part.get("external")
            powered = isinstance(external, dict) and external.get("present") is True
            percent, volts = number(battery.get("percent")), number(battery.get("V"))
            if percent is not None and 0 <= percent <= 100 and not powered:
                found["battery_percent"] = percent
                found["battery_volts"] = volts
        rssi = number(part.get("rssi")) if component == "wifi" else None
        if rssi is not None and -200 <= rssi < 0:
            found["rssi_dbm"] = round(rssi)
        celsius = number(part.get("tC")) if component.startswith("temperature:") else None
        if celsius is not None and -60 <= celsius <= 120:
            found["temperature_c"] = celsius
    return found
