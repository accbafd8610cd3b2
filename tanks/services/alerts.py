"""Alerts: opened and closed once, whoever says so and however often; told to the owner, live and by webhook."""

from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError

from common.errors import DomainError
from common.live import LiveEvent, events_publish
from common.mongo import collection
from common.time import utc_now
from notifications.services import notify
from notifications.webhooks import webhook_emit
from tanks import messages
from tanks.models import Alert, AlertKind, Severity, Tank
from tanks.selectors import alert_payload

WEBHOOKS = {
    AlertKind.LOW: "tank.low",
    AlertKind.CRITICAL: "tank.low",
    AlertKind.LEAK: "tank.leak",
    AlertKind.BURST: "tank.leak",
}

LONGEST_SNOOZE = timedelta(days=90)
# The preferred supplier hears of what may soon need a lorry.
FOR_SUPPLIER = (AlertKind.CRITICAL, AlertKind.RUNOUT_SOON)


def alert_open(
    *,
    tank: Tank,
    kind: str,
    severity: str,
    evidence: dict[str, Any],
    opened_at: datetime,
    quiet: bool = False,
) -> Alert | None:
    """Opens the alert, tells of it and returns it; None when one of that kind is open already.

    `quiet` sends no message: a graver alert of the same moment says it all.

    A crash after the write is made good by the next call: telling is keyed by the alert, and done once.
    """
    try:
        alert = Alert.objects.create(
            tank=tank,
            user_id=tank.user_id,
            kind=kind,
            severity=severity,
            evidence=evidence,
            opened_at=opened_at,
        )
    except IntegrityError:
        untold = Alert.objects.filter(tank=tank, kind=kind, is_open=True, notified_at=None).first()
        if untold is not None:
            _tell_opened(tank, untold, quiet)
        return None
    _tell_opened(tank, alert, quiet)
    return alert


def alert_close(*, tank: Tank, kind: str, closed_at: datetime, quiet: bool = False) -> bool:
    """Closes the open alert of that kind and tells of it, unless `quiet`; False when none is open."""
    alert = Alert.objects.filter(tank=tank, kind=kind, is_open=True).first()
    if alert is None:
        return False
    closed = Alert.objects.filter(pk=alert.pk, is_open=True).update(
        is_open=False, closed_at=closed_at, updated_at=utc_now()
    )
    if not closed:
        return False
    alert.is_open, alert.closed_at = False, closed_at
    _publish(tank, alert)
    if quiet:
        return True
    notify(
        user_id=tank.user_id,
        type="system",
        message=messages.closed(kind=alert.kind, tank=messages.called(tank.name)),
        key=f"alert:{alert.pk}:closed",
        related_model="tank",
        related_id=tank.pk,
    )
    return True


def alert_acknowledge(*, alert: Alert) -> Alert:
    """The owner has seen it: it is not told again. Raises DomainError `alert_closed` (409)."""
    now = utc_now()
    return _change(alert, {"acknowledged_at": alert.acknowledged_at or now, "updated_at": now})


def alert_snooze(*, alert: Alert, until: datetime) -> Alert:
    """No reminder of it before `until`, and one then if it still is open.

    Raises DomainError `invalid` (400) for a time that is past or too far, `alert_closed` (409).
    """
    now = utc_now()
    if not now < until <= now + LONGEST_SNOOZE:
        message = f"Give a time within the next {LONGEST_SNOOZE.days} days."
        raise DomainError("invalid", message, status=400, errors={"until": [message]})
    return _change(alert, {"snoozed_until": until, "acknowledged_at": None, "updated_at": now})


def _change(alert: Alert, values: dict[str, Any]) -> Alert:
    if not Alert.objects.filter(pk=alert.pk, is_open=True).update(**values):
        raise DomainError("alert_closed", "The alert is closed already.")
    changed: Alert = Alert.objects.get(pk=alert.pk)
    tank = Tank.objects.filter(pk=alert.tank_id).first()
    if tank is not None:
        _publish(tank, changed)
    return changed


def _tell_opened(tank: Tank, alert: Alert, quiet: bool) -> None:
    message = messages.opened(kind=alert.kind, tank=messages.called(tank.name), evidence=alert.evidence)
    readers = [tank.user_id]
    if alert.kind in FOR_SUPPLIER and tank.preferred_supplier_id:
        readers.append(tank.preferred_supplier_id)
    for reader in () if quiet else readers:
        notify(
            user_id=reader,
            type="warning",
            message=message,
            key=f"alert:{alert.pk}:opened" + ("" if reader == tank.user_id else ":supplier"),
            related_model="tank",
            related_id=tank.pk,
            urgent=alert.severity == Severity.CRITICAL and reader == tank.user_id,
        )
    _publish(tank, alert)
    event = WEBHOOKS.get(AlertKind(alert.kind))
    if event:
        webhook_emit(
            user_ids=[tank.user_id, *tank.supplier_ids],
            type=event,
            data=alert_payload(_document(alert)),
            key=f"alert:{alert.pk}:opened",
        )
    Alert.objects.filter(pk=alert.pk, notified_at=None).update(notified_at=utc_now())


def _publish(tank: Tank, alert: Alert) -> None:
    audience = [tank.user_id, *tank.supplier_ids, "admins"]
    events_publish([LiveEvent(audience=audience, type="tank.alert", data=alert_payload(_document(alert)))])


def _document(alert: Alert) -> dict[str, Any]:
    document = collection(Alert).find_one({"_id": alert.pk})
    assert document is not None  # just written
    return document
