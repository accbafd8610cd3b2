"""What is read of tanks: raw documents, few round trips, shaped once as the API tells them."""

from collections.abc import Sequence
from typing import Any

from bson import ObjectId
from pymongo import DESCENDING

from common.errors import NotFoundError
from common.mongo import Document, counted_page, find_few, find_one
from tanks.models import Alert, Device, Tank
from tanks.readings import Reading
from tanks.status import tank_status

HIDDEN = {"filter_state": 0}
PLENTY = 2_000  # devices, and open alerts (one a kind), of a page of a hundred tanks are fewer


def tank_get_for(*, user_id: ObjectId, tank_id: ObjectId) -> Tank:
    """The owner's tank; NotFoundError for another's, as for none."""
    tank = Tank.objects.filter(pk=tank_id, user_id=user_id).first()
    if tank is None:
        raise NotFoundError("tank")
    return tank


def tank_series_for(*, user_id: ObjectId, tank_id: ObjectId) -> int:
    """The series of the owner's tank; NotFoundError otherwise."""
    document = find_one(Tank, {"_id": tank_id, "user_id": user_id}, {"series": 1})
    if document is None:
        raise NotFoundError("tank")
    return int(document["series"])


def tank_payload_for(*, user_id: ObjectId, tank_id: ObjectId) -> Document:
    """The owner's tank as the API tells it; NotFoundError otherwise."""
    document = find_one(Tank, {"_id": tank_id, "user_id": user_id}, HIDDEN)
    if document is None:
        raise NotFoundError("tank")
    return tank_payloads([document])[0]


def tanks_page(*, user_id: ObjectId, skip: int, limit: int) -> tuple[int, list[Document]]:
    """How many tanks the user has, and those of one page, newest first."""
    count, found = counted_page(
        Tank, {"user_id": user_id}, order=("created_at", DESCENDING), skip=skip, limit=limit, fields=HIDDEN
    )
    return count, tank_payloads(found)


def tank_payloads(documents: Sequence[Document]) -> list[Document]:
    """Tank documents as the API tells them, with their device's status and open alerts: two queries for all."""
    if not documents:
        return []
    ids = {"$in": [document["_id"] for document in documents]}
    fields = {"tank_id": 1, "status": 1}
    devices = find_few(Device._meta.db_table, {"tank_id": ids}, limit=PLENTY, fields=fields)
    statuses = {device["tank_id"]: device["status"] for device in devices}
    alerts: dict[ObjectId, list[Document]] = {}
    for alert in find_few(Alert._meta.db_table, {"tank_id": ids, "is_open": True}, limit=PLENTY):
        alerts.setdefault(alert["tank_id"], []).append(alert_payload(alert))
    return [
        tank_payload(document, statuses.get(document["_id"]), alerts.get(document["_id"], []))
        for document in documents
    ]


def tank_payload(document: Document, device_status: str | None, open_alerts: list[Document]) -> Document:
    current = document.get("current_level")
    location = document.get("location")
    geometry = document.get("geometry")
    return {
        "id": document["_id"],
        "userId": document["user_id"],
        "name": document["name"],
        "capacity": document["capacity"],
        "avgDailyUsage": document["avg_daily_usage"],
        "lowWaterThreshold": document["low_water_threshold"],
        "criticalThreshold": document["critical_threshold"],
        "autoOrder": document["auto_order"],
        "orderPauses": document["order_pauses"],
        "monthlyOrderLimit": document["monthly_order_limit"],
        "preferredSupplier": document["preferred_supplier_id"],
        "deviceId": document["device_id"],
        "deviceKind": document["device_kind"],
        "geometry": geometry_payload(geometry) if geometry else None,
        "installedDate": document["installed_date"],
        "lastMaintenance": document["last_maintenance"],
        "location": {"latitude": location["coordinates"][1], "longitude": location["coordinates"][0]}
        if location
        else None,
        "currentLevel": level_payload(current) if current else None,
        "forecast": forecast_payload(document.get("forecast")),
        "status": tank_status(
            level=current["level"] if current else None,
            low_threshold=document["low_water_threshold"],
            critical_threshold=document["critical_threshold"],
        ),
        "deviceStatus": _told_status(device_status),
        "openAlerts": open_alerts,
        "createdAt": document["created_at"],
        "updatedAt": document["updated_at"],
    }


def forecast_payload(forecast: Document | None) -> Document | None:
    return forecast and {name: forecast[name] for name in ("daysRemaining", "runsOutAt")}


def _told_status(device_status: str | None) -> str:
    # A device that has never been heard is, to its owner, offline.
    if device_status is None:
        return "none"
    return "offline" if device_status == "registered" else device_status


def geometry_payload(geometry: Document) -> Document:
    return {
        "shape": geometry["shape"],
        "heightMm": geometry["height_mm"],
        "sensorOffsetMm": geometry["sensor_offset_mm"],
        "table": geometry["table"],
    }


def level_payload(current: Document) -> Document:
    """As exact as readings are kept: a thousandth of a percent, a millilitre."""
    return {
        "level": round(current["level"], 3),
        "volumeLiters": round(current["volume_liters"], 3),
        "timestamp": current["timestamp"],
        "source": current["source"],
        "quality": current["quality"],
    }


def reading_payload(reading: Reading) -> Document:
    return {
        "level": reading.level,
        "volumeLiters": reading.volume_liters,
        "timestamp": reading.timestamp,
        "source": reading.source,
        "quality": reading.quality,
    }


def alert_payload(alert: Document) -> Document:
    return {
        "id": alert["_id"],
        "tankId": alert["tank_id"],
        "kind": alert["kind"],
        "severity": alert["severity"],
        "openedAt": alert["opened_at"],
        "closedAt": alert["closed_at"],
        "acknowledgedAt": alert["acknowledged_at"],
        "snoozedUntil": alert["snoozed_until"],
        "evidence": alert["evidence"],
    }


def alert_get_for(*, user_id: ObjectId, tank_id: ObjectId, alert_id: ObjectId) -> Alert:
    """An alert of the owner's tank; NotFoundError for any other."""
    tank = tank_get_for(user_id=user_id, tank_id=tank_id)
    alert = Alert.objects.filter(pk=alert_id, tank_id=tank.pk).first()
    if alert is None:
        raise NotFoundError("alert")
    return alert


def current_level_for(*, user_id: ObjectId, tank_id: ObjectId) -> Document:
    """The newest believed reading. NotFoundError for a tank that is not the user's, or without a reading."""
    document = find_one(Tank, {"_id": tank_id, "user_id": user_id}, {"current_level": 1})
    if document is None:
        raise NotFoundError("tank")
    if not document.get("current_level"):
        raise NotFoundError("reading", code="no_reading")
    return level_payload(document["current_level"])


def alerts_page(*, tank: Tank, only_open: bool | None, skip: int, limit: int) -> tuple[int, list[Document]]:
    """How many alerts the tank has had, and those of one page, newest first."""
    wanted: dict[str, Any] = {"tank_id": tank.pk}
    if only_open is not None:
        wanted["is_open"] = only_open
    count, found = counted_page(Alert, wanted, order=("opened_at", DESCENDING), skip=skip, limit=limit)
    return count, [alert_payload(alert) for alert in found]
