"""ESPHome, and any device that announces itself by Home Assistant's MQTT discovery.

`<prefix>/sensor/<object_id>/state` is bare text (`1.234`, or `nan` when the sensor failed), `<prefix>/status`
the last will. A retained announcement on `homeassistant/sensor/…/config` says where a value is published, its
unit and, for JSON, its key; it is remembered. The prefix is the deviceId. Announced under the name of another
device that is registered, it would have that one say how this one is read: it is refused. Settings: `field` is the
object_id, `unit` and `quantity` what it means. An unannounced distance is in metres, as ESPHome's ultrasonic sensor
is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..base import (
    Decoded,
    DecodeError,
    DecoderContext,
    DeviceEvent,
    Measurement,
    load_json,
    load_object,
    load_text,
    presence,
)
from ..fields import (
    Scale,
    lookup,
    number,
    quantity_in_name,
    sample,
    scale_for,
    scale_from_settings,
    scale_of,
    words_of,
)

topics = (
    "+/sensor/+/state",
    "+/+/sensor/+/state",
    "+/status",
    "+/state",
    "homeassistant/sensor/+/config",
    "homeassistant/sensor/+/+/config",
)

_MAX_SENSORS = 64
_JSON_KEY = re.compile(r"value_json\.([A-Za-z0-9_.]+)|value_json\[['\"]([^'\"]+)['\"]\]")
_NO_VALUE = ("nan", "-nan", "inf", "-inf", "unknown", "unavailable")
_METRES = scale_for("distance", "m")


def device_id_from_topic(topic: str) -> str | None:
    """The topic's prefix; None for an announcement, whose body names the device."""
    if topic.startswith("homeassistant/"):
        return None
    parts = topic.split("/")
    if len(parts) >= 4 and parts[-3] == "sensor" and parts[-1] == "state":
        return "/".join(parts[:-3]) or None
    if len(parts) >= 2 and parts[-1] in ("status", "state"):
        return "/".join(parts[:-1]) or None
    return None


def decode(topic: str, payload: bytes, context: DecoderContext) -> list[Decoded]:
    """Samples of one message. Sensors that are not about a tank give no sample, and no error either."""
    if topic.startswith("homeassistant/"):
        return _remember(topic, payload, context)
    device_id = device_id_from_topic(topic)
    if device_id is None:
        raise DecodeError("foreign_topic", "not an ESPHome topic")
    decoded = Decoded(device_id=device_id)
    if topic.endswith("/status"):
        decoded.events.append(presence(payload, online="online", offline="offline"))
        return [decoded]
    announced = context.state(device_id).get("sensors") or {}
    own = {key: sensor for key, sensor in announced.items() if sensor.get("topic") == topic}
    parts = topic.split("/")
    if len(parts) >= 4 and parts[-3] == "sensor":
        sensor: Mapping[str, Any] = next(iter(own.values()), {})
        _add(decoded, parts[-2], load_text(payload), sensor, context.settings(device_id))
        return [decoded]
    for key, entry in own.items():
        value = load_json(payload)
        if entry.get("key"):
            try:
                value = lookup(value, entry["key"])
            except KeyError:
                continue
        _add(decoded, entry.get("name") or key, value, entry, context.settings(device_id))
    return [decoded]


def _add(
    decoded: Decoded, name: str, raw: Any, sensor: Mapping[str, Any], settings: Mapping[str, Any]
) -> None:
    value = _value(raw)
    status = _status(name, value, sensor)
    if status is not None:
        decoded.measurements.append(status)
        return
    scale = _scale(name, sensor, settings)
    if scale is None:
        return
    if value is None:
        if isinstance(raw, str) and raw.lower() not in (
            "nan",
            "-nan",
            "inf",
            "-inf",
            "unknown",
            "unavailable",
        ):
            raise DecodeError("not_a_number", f"{name} is {raw[:40]!r}")
        decoded.events.append(DeviceEvent("sensor_error", f"{name} is {raw}"))
        return
    decoded.measurements.append(sample(scale, value))


def _scale(name: str, sensor: Mapping[str, Any], settings: Mapping[str, Any]) -> Scale | None:
    """What a sensor measures: by the settings, by its announcement, or by its name. None: not the tank."""
    field = settings.get("field")
    unit = sensor.get("unit")
    label = f"{name} {sensor.get('label', '')}"
    if field:
        if field not in (name, sensor.get("key"), sensor.get("object_id")):
            return None
        scale = scale_from_settings(settings, str(field), unit)
        if scale is None:
            raise DecodeError("missing_field", f"the unit of {field!r} is unknown: set it")
        return scale
    if sensor.get("class") in ("distance", "volume", "volume_storage") and quantity_in_name(label) is None:
        label = "distance" if sensor["class"] == "distance" else "volume"
    scale = scale_of(label, unit) if unit else scale_of(name)
    if scale is None and not unit and quantity_in_name(name) == "distance":
        return _METRES
    return scale


def _value(raw: Any) -> float | None:
    if not isinstance(raw, str):
        return number(raw)
    try:
        # Python reads more than devices write ("1_000", "Infinity"): digits, sign, point, exponent only.
        return number(float(raw)) if re.fullmatch(r"[+-]?[0-9.]+([eE][+-]?[0-9]+)?", raw) else None
    except ValueError:
        return None


def _status(name: str, value: float | None, sensor: Mapping[str, Any]) -> Measurement | None:
    """Battery, signal strength and temperature, by the sensor's class or name."""
    if value is None:
        return None
    words = words_of(name)
    kind = sensor.get("class")
    if (kind == "battery" or "battery" in words) and 0 <= value <= 100 and "voltage" not in words:
        return Measurement(battery_percent=value)
    if (kind == "signal_strength" or {"signal", "rssi"} & set(words)) and -200 <= value < 0:
        return Measurement(rssi_dbm=round(value))
    if (kind == "temperature" or "temperature" in words) and -60 <= value <= 120:
        celsius = (value - 32) / 1.8 if sensor.get("unit") == "°F" else value
        return Measurement(temperature_c=round(celsius, 2))
    return None


def _announcer(topic: str) -> str:
    """Who announces on `homeassistant/sensor/[<node>/]<object>/config`: the node, else the object."""
    return topic.split("/")[2]


def _remember(announcement: str, payload: bytes, context: DecoderContext) -> list[Decoded]:
    """Keep what an announcement says of a sensor under its device. An empty one is a removal."""
    if not payload:
        return []
    config = load_object(payload)
    base = config.get("~") or ""
    topic = config.get("stat_t") or config.get("state_topic")
    if not isinstance(topic, str) or not isinstance(base, str):
        raise DecodeError("missing_field", "the announcement has no state topic")
    topic = topic.replace("~", base)
    device_id = device_id_from_topic(topic)
    if device_id is None:
        raise DecodeError("foreign_topic", f"values on {topic[:80]!r} are not followed")
    announcer = _announcer(announcement)
    if announcer != device_id and context.is_registered(announcer):
        raise DecodeError("foreign_device", f"values of {device_id[:80]!r}", device_id=announcer)
    device = config.get("dev") or config.get("device")
    device = device if isinstance(device, dict) else {}
    template = config.get("val_tpl") or config.get("value_template") or ""
    found = _JSON_KEY.search(template) if isinstance(template, str) else None
    label = str(config.get("name") or "")[:120]
    unit = config.get("unit_of_meas") or config.get("unit_of_measurement")
    sensor = {
        "topic": topic,
        "key": (found.group(1) or found.group(2)) if found else None,
        "name": topic.split("/")[-2] if "/sensor/" in topic else label,
        "label": label,
        "object_id": str(config.get("obj_id") or config.get("object_id") or "")[:120],
        "unit": str(unit)[:20] if unit else None,
        "class": str(config.get("dev_cla") or config.get("device_class") or "")[:40],
    }
    state = context.state(device_id)
    sensors = dict(state.get("sensors") or {})
    key = str(config.get("uniq_id") or config.get("unique_id") or topic)[:200]
    if key in sensors or len(sensors) < _MAX_SENSORS:
        sensors[key] = sensor
        state["sensors"] = sensors
    events = [DeviceEvent("birth", f"announced {label or topic} in {sensor['unit'] or 'no unit'}")]
    firmware = device.get("sw") or device.get("sw_version")
    if isinstance(firmware, str):
        events.append(DeviceEvent("firmware", firmware[:80]))
    return [Decoded(device_id=device_id, events=events)]
