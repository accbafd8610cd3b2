"""What the minds find wrong, as stored alerts: made equal to what each mind holds open, so nothing is told twice.

Low and critical levels and silent devices are seen sooner elsewhere, and are left to that; the mind's own word on
them only fills the history of tanks whose readings were stored before anybody watched.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bson import ObjectId
from pymongo.errors import BulkWriteError

from common.mongo import Document, collection
from common.time import truncate_ms, utc_now
from tanks.detectors.alerts import Alert as Found
from tanks.mind_state import evidence_document
from tanks.models import Alert, AlertKind, Severity, Tank
from tanks.services.alerts import alert_close, alert_open

OWN = (
    AlertKind.LEAK,
    AlertKind.BURST,
    AlertKind.STUCK,
    AlertKind.NOISY,
    AlertKind.FAULTY,
    AlertKind.RUNOUT_SOON,
    AlertKind.OVERFILL,
)
QUIETLY_CLOSED = (AlertKind.RUNOUT_SOON, AlertKind.OVERFILL, AlertKind.UNEXPECTED_REFILL)
REFILL_OPEN_FOR = timedelta(days=3)
REFILL_PRESENT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Told:
    """What one mind says now: its open alerts by kind, those that changed, refills no order explains."""

    tank_id: ObjectId
    open: dict[str, Found]
    changed: list[Found]
    unexplained: list[dict[str, Any]]
    is_present: bool


def alerts_follow(*, told: Sequence[Told], now: datetime) -> None:
    """Opens and closes the stored alerts by what the minds say; a mind behind the present opens none."""
    wanted = {"tank_id": {"$in": [one.tank_id for one in told]}, "is_open": True}
    stored: dict[ObjectId, dict[str, Document]] = {}
    if told:
        for alert in collection(Alert).find(wanted):
            stored.setdefault(alert["tank_id"], {})[alert["kind"]] = alert
    for one in told:
        _follow(one, stored.get(one.tank_id, {}), now)


def _follow(told: Told, stored: dict[str, Document], now: datetime) -> None:
    closed_at = {found.kind: found.closed_at for found in told.changed if found.closed_at is not None}
    again = {kind for kind, found in told.open.items() if found.opened_at >= closed_at.get(kind, math.inf)}
    known = stored.keys() - again  # what was closed and is open again since the last look is another alert
    to_open = [
        found for kind, found in told.open.items() if kind in OWN and kind not in known and told.is_present
    ]
    to_close = [kind for kind in OWN if kind in stored and (kind not in told.open or kind in again)]
    # A device that says itself that it is faulty also says when it is well again.
    to_close = [kind for kind in to_close if "deviceId" not in stored[kind]["evidence"]]
    refill = stored.get(AlertKind.UNEXPECTED_REFILL)
    if refill and now - refill["opened_at"] > REFILL_OPEN_FOR:
        to_close.append(AlertKind.UNEXPECTED_REFILL)
    unexplained = [row for row in told.unexplained if now - _time(row["at"]) <= REFILL_PRESENT]
    passed = [found for found in told.changed if found.closed_at is not None and found.kind in OWN]
    passed = [found for found in passed if found.kind not in to_close]
    if not (to_open or to_close or unexplained or passed):
        return
    tank = Tank.objects.filter(pk=told.tank_id).first()
    if tank is None:
        return
    for kind in to_close:
        at = closed_at.get(kind)
        quiet = kind in QUIETLY_CLOSED or kind in again
        alert_close(tank=tank, kind=kind, closed_at=_moment(at) if at else now, quiet=quiet)
    for found in to_open:
        alert_open(
            tank=tank,
            kind=found.kind,
            severity=found.severity,
            evidence=evidence_document(found.evidence),
            opened_at=_moment(found.opened_at),
        )
    for row in unexplained:
        alert_open(
            tank=tank,
            kind=AlertKind.UNEXPECTED_REFILL,
            severity=Severity.INFO,
            evidence={
                "liters": row["liters"],
                "uncertaintyLiters": row["uncertaintyLiters"],
                "from": row["startAt"],
                "to": row["at"],
            },
            opened_at=_time(row["at"]),
        )
    history_record(tank={"_id": tank.pk, "user_id": tank.user_id}, alerts=passed)


def history_record(*, tank: Document, alerts: Sequence[Found]) -> None:
    """Stores alerts that are over, without telling anybody; those known already, by kind and time, are left."""
    over = {id(found): found for found in alerts if found.closed_at is not None}
    if not over:
        return
    known = list(collection(Alert).find({"tank_id": tank["_id"]}, ["kind", "opened_at", "closed_at"]))
    documents = [
        _document(tank, found) for found in over.values() if not any(_overlaps(found, row) for row in known)
    ]
    if not documents:
        return
    try:
        collection(Alert).insert_many(documents, ordered=False)
    except BulkWriteError as error:
        if any(failure["code"] != 11000 for failure in error.details["writeErrors"]):
            raise


def _overlaps(found: Found, row: Document) -> bool:
    if row["kind"] != found.kind:
        return False
    assert found.closed_at is not None
    ends_after = row["closed_at"] is None or row["closed_at"] >= _moment(found.opened_at)
    return bool(ends_after and row["opened_at"] <= _moment(found.closed_at))


def _document(tank: Document, found: Found) -> Document:
    assert found.closed_at is not None
    now = utc_now()
    return {
        "_id": _identity(tank["_id"], found),
        "created_at": now,
        "updated_at": now,
        "tank_id": tank["_id"],
        "user_id": tank["user_id"],
        "kind": found.kind,
        "severity": found.severity,
        "is_open": False,
        "opened_at": _moment(found.opened_at),
        "closed_at": _moment(found.closed_at),
        "evidence": evidence_document(found.evidence),
        "notified_at": None,
        "acknowledged_at": None,
        "snoozed_until": None,
    }


def _identity(tank_id: ObjectId, found: Found) -> ObjectId:
    """The same for the same alert, so that it is stored once: its second, and a digest of tank and kind."""
    second = int(found.opened_at)
    digest = hashlib.sha256(tank_id.binary + found.kind.encode() + second.to_bytes(8, "big")).digest()
    return ObjectId((second & 0xFFFFFFFF).to_bytes(4, "big") + digest[:8])


def _moment(seconds: float) -> datetime:
    return truncate_ms(datetime.fromtimestamp(seconds, UTC))


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
