"""A device comes, goes or fails: written once, told to its owner and to outside systems."""

from datetime import datetime, timedelta
from typing import Any

from bson import ObjectId

from common.mongo import Document, collection
from notifications.webhooks import webhook_emit
from tanks.changes import device_changed
from tanks.models import Alert, AlertKind, Device, DeviceStatus, Severity, Tank
from tanks.services.alerts import alert_close, alert_open

SILENT_INTERVALS = 3
SHORTEST_SILENCE = timedelta(minutes=15)
# A device that left by its last will may be back in a moment: it is offline at once, an alert only after this.
ALERT_AFTER = timedelta(minutes=15)
ALERT_WINDOW = timedelta(days=1)
AT_ONCE = 1_000
WEBHOOKS = {
    DeviceStatus.ONLINE: "device.online",
    DeviceStatus.OFFLINE: "device.offline",
    DeviceStatus.FAULTY: "device.faulty",
}


def device_status_set(
    *, device_id: ObjectId, status: str, at: datetime, only_if: dict[str, Any] | None = None
) -> bool:
    """Changes a device's status and tells of it; False when it has it already, or `only_if` does not hold."""
    wanted = {"_id": device_id, "status": {"$ne": status}, **(only_if or {})}
    changed = collection(Device).find_one_and_update(
        wanted, {"$set": {"status": status, "status_changed_at": at, "updated_at": at}}
    )
    if changed is None:
        return False
    device_changed(changed["device_id"])
    _tell({**changed, "status": status, "status_changed_at": at})
    return True


def _tell(device: Document) -> None:
    tank = Tank.objects.filter(pk=device["tank_id"]).first() if device.get("tank_id") else None
    if tank is None:
        return
    status, at = device["status"], device["status_changed_at"]
    if status == DeviceStatus.ONLINE:
        alert_close(tank=tank, kind=AlertKind.OFFLINE, closed_at=at)
        _close_faulty(tank, at)
    elif status == DeviceStatus.FAULTY:
        alert_close(tank=tank, kind=AlertKind.OFFLINE, closed_at=at)
        evidence = {"deviceId": device["device_id"], "errors": device.get("sensor_errors", 0)}
        alert_open(
            tank=tank, kind=AlertKind.FAULTY, severity=Severity.WARNING, evidence=evidence, opened_at=at
        )
    webhook_emit(
        user_ids=[tank.user_id, *tank.supplier_ids],
        type=WEBHOOKS[status],
        data={
            "deviceId": device["device_id"],
            "tankId": tank.pk,
            "status": status,
            "at": at,
            "lastSeen": device.get("last_seen"),
        },
        key=f"device:{device['_id']}:{status}:{at.isoformat()}",
    )


def _close_faulty(tank: Tank, at: datetime) -> None:
    """Closes what the device said of itself; readings that cannot be believed are another matter."""
    own = {"tank_id": tank.pk, "kind": AlertKind.FAULTY.value, "is_open": True}
    if collection(Alert).count_documents({**own, "evidence.deviceId": {"$exists": True}}, limit=1):
        alert_close(tank=tank, kind=AlertKind.FAULTY, closed_at=at)


def devices_check(*, now: datetime) -> int:
    """Turns devices offline that are silent for three of their own intervals, at least 15 minutes.

    Opens the alert of those that stay away. Returns how many turned offline; any number of these may run at once.
    """
    silence_ms = {
        "$max": [
            SHORTEST_SILENCE.total_seconds() * 1000,
            {"$multiply": [{"$ifNull": ["$interval_seconds", 0]}, 1000 * SILENT_INTERVALS]},
        ]
    }
    silent = {
        "status": {"$in": [DeviceStatus.ONLINE, DeviceStatus.FAULTY]},
        "last_seen": {"$lt": now - SHORTEST_SILENCE},
        "$expr": {"$lt": ["$last_seen", {"$subtract": [now, silence_ms]}]},
    }
    turned = 0
    for device in collection(Device).find(silent, ["last_seen"]).limit(AT_ONCE):
        turned += device_status_set(
            device_id=device["_id"],
            status=DeviceStatus.OFFLINE,
            at=now,
            only_if={"last_seen": device["last_seen"]},
        )
    _alert_absent(now)
    return turned


def _alert_absent(now: datetime) -> None:
    away = {
        "status": DeviceStatus.OFFLINE,
        "tank_id": {"$ne": None},
        "last_seen": {"$lt": now - ALERT_AFTER},
        "status_changed_at": {"$gt": now - ALERT_WINDOW},
    }
    devices = list(collection(Device).find(away, ["tank_id", "device_id", "last_seen", "status_changed_at"]))
    tank_ids = [device["tank_id"] for device in devices]
    open_now = {"tank_id": {"$in": tank_ids}, "kind": AlertKind.OFFLINE.value, "is_open": True}
    alerted = {alert["tank_id"] for alert in collection(Alert).find(open_now, ["tank_id"])}
    for device in devices:
        tank = None if device["tank_id"] in alerted else Tank.objects.filter(pk=device["tank_id"]).first()
        if tank is not None:
            evidence = {"deviceId": device["device_id"], "lastSeen": device["last_seen"].isoformat()}
            alert_open(
                tank=tank,
                kind=AlertKind.OFFLINE,
                severity=Severity.WARNING,
                evidence=evidence,
                opened_at=device["status_changed_at"],
            )
