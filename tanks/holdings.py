"""What tanks hold about a person: the tanks themselves, their alerts and readings."""

from collections.abc import Iterator
from typing import Any

from bson import ObjectId

from accounts.personal_data import Holder
from common.mongo import collection
from tanks import readings
from tanks.habits import DAYS_KEPT, usage_payload
from tanks.models import Alert, Tank
from tanks.selectors import alert_payload, reading_payload, tank_payloads
from tanks.services.tanks import deletion_guards, tank_delete


def tanks_export(user_id: ObjectId) -> Iterator[Any]:
    yield from tank_payloads(list(collection(Tank).find({"user_id": user_id})))


def alerts_export(user_id: ObjectId) -> Iterator[Any]:
    for alert in collection(Alert).find({"tank_id": {"$in": _ids(user_id)}}).sort("_id", 1):
        yield {"tankId": alert["tank_id"], **alert_payload(alert)}


def usage_export(user_id: ObjectId) -> Iterator[Any]:
    """What was learned of each tank's use: days, refills, habits."""
    for tank_id in _ids(user_id):
        yield {"tankId": tank_id, **usage_payload(tank_id=tank_id, days=DAYS_KEPT)}


def readings_export(user_id: ObjectId) -> Iterator[Any]:
    """Every reading, tank by tank, oldest first: there may be millions."""
    for tank in collection(Tank).find({"user_id": user_id}, {"series": 1}):
        for reading in readings.oldest_first(tank["series"]):
            yield {"tankId": tank["_id"], **reading_payload(reading)}


def tanks_refuse(user_id: ObjectId) -> None:
    for tank_id in _ids(user_id):
        for guard in deletion_guards:
            guard(tank_id)


def tanks_erase(user_id: ObjectId) -> None:
    for tank in Tank.objects.filter(user_id=user_id):
        tank_delete(tank=tank)


def _ids(user_id: ObjectId) -> list[ObjectId]:
    return [tank["_id"] for tank in collection(Tank).find({"user_id": user_id}, {"_id": 1})]


HOLDERS = (
    Holder(name="tanks", export=tanks_export, refuse=tanks_refuse, erase=tanks_erase),
    Holder(name="alerts", export=alerts_export),
    Holder(name="usage", export=usage_export),
    Holder(name="readings", export=readings_export),
)
