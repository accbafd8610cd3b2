"""Alerts that nobody has seen to are told again, each kind in its own time; acknowledged or snoozed ones are not."""

from datetime import datetime, timedelta
from typing import Any

from common.mongo import Document, collection
from notifications.services import notify
from tanks import messages
from tanks.detectors.alerts import Alert as Found
from tanks.detectors.alerts import renotify_due
from tanks.models import Alert, Severity, Tank

SOONEST = timedelta(hours=1)
AT_ONCE = 1_000


def alerts_remind(*, now: datetime) -> int:
    """Reminds of what is due, and returns how many. Told once however many run: the last telling is the key."""
    wanted: dict[str, Any] = {
        "is_open": True,
        "acknowledged_at": None,
        "notified_at": {"$lt": now - SOONEST},
        "$or": [{"snoozed_until": None}, {"snoozed_until": {"$lte": now}}],
    }
    due = [alert for alert in collection(Alert).find(wanted).limit(AT_ONCE) if _is_due(alert, now)]
    for alert in due:
        _remind(alert, now)
    return len(due)


def _is_due(alert: Document, now: datetime) -> bool:
    told = alert["notified_at"]
    snoozed = alert["snoozed_until"]
    if snoozed and told < snoozed:
        return True
    found = Found(alert["kind"], alert["severity"], alert["opened_at"].timestamp(), {})
    return renotify_due(found, notified_at=told.timestamp(), now=now.timestamp())


def _remind(alert: Document, now: datetime) -> None:
    tank = Tank.objects.filter(pk=alert["tank_id"]).first()
    if tank is None:
        return
    told = alert["notified_at"]
    words = messages.opened(kind=alert["kind"], tank=messages.called(tank.name), evidence=alert["evidence"])
    notify(
        user_id=tank.user_id,
        type="warning",
        message=f"{words} This has lasted since {alert['opened_at']:%-d %B}.",
        key=f"alert:{alert['_id']}:again:{told.isoformat()}",
        related_model="tank",
        related_id=tank.pk,
        urgent=alert["severity"] == Severity.CRITICAL,
    )
    collection(Alert).update_one({"_id": alert["_id"], "notified_at": told}, {"$set": {"notified_at": now}})
