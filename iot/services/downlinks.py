"""What a device is told: `tanks/<deviceId>/config`, retained, so that it is there whenever the device connects."""

from __future__ import annotations

from typing import Any

import paho.mqtt.client as mqtt
from django.conf import settings

from common.json import dumps
from common.mongo import collection, object_id
from common.queue import enqueue
from iot.mqtt.address import configure
from tanks.changes import listeners
from tanks.models import Device, DeviceKind, Tank
from tanks.selectors import geometry_payload

SECONDS = 10.0


class DownlinkError(Exception):
    """The broker did not take it."""


def connect() -> None:
    """Hears of every change of a device and its tank. A device that comes back is told anew: a broker may forget."""
    listeners.append(_changed)


def _changed(what: str, name: str) -> None:
    from iot.tasks import device_config_publish  # the tasks import the services

    if what == "tank":
        tank_id = object_id(name)
        devices = collection(Device).find({"tank_id": tank_id, "kind": DeviceKind.JSON.value}, ["device_id"])
        names = [device["device_id"] for device in devices] if tank_id else []
    else:
        names = [name]
    for device_id in names:
        enqueue(device_config_publish, device_id)


def config_of(*, device_id: str) -> bytes | None:
    """What the device is told; empty, which takes the topic away, for one that is gone; None: not of this kind."""
    device = collection(Device).find_one({"device_id": device_id})
    if device is None:
        return b""
    if device["kind"] != DeviceKind.JSON:
        return None
    told: dict[str, Any] = {"deviceId": device_id}
    tank = collection(Tank).find_one({"_id": device["tank_id"]}) if device.get("tank_id") else None
    if tank is not None:
        geometry = tank.get("geometry")
        told |= {
            "capacity": tank["capacity"],
            "lowWaterThreshold": tank["low_water_threshold"],
            "criticalThreshold": tank["critical_threshold"],
            "geometry": geometry_payload(geometry) if geometry else None,
        }
    # Whatever else an operator wants it to know, such as how often to report.
    more = (device.get("settings") or {}).get("config")
    return dumps(told | more if isinstance(more, dict) else told)


def config_publish(*, device_id: str) -> None:
    """Publishes the device's settings. Raises DownlinkError; any number of times does no harm."""
    payload = config_of(device_id=device_id)
    if payload is None:
        return
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    try:
        client.connect(*configure(client, settings.MQTT_URL))
        client.loop_start()
        sent = client.publish(f"tanks/{device_id}/config", payload, qos=1, retain=True)
        sent.wait_for_publish(SECONDS)
        if not sent.is_published():
            raise DownlinkError("the broker did not acknowledge it")
    except (OSError, RuntimeError, ValueError) as error:
        raise DownlinkError(str(error)) from error
    finally:
        client.disconnect()
        client.loop_stop()
