"""Minds and what they change of their tanks, written a batch at a time."""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo.errors import BulkWriteError

from common.mongo import Document, collection, insert_many_raw, update_many_ways
from tanks import mind_state
from tanks.forecast import Forecast
from tanks.mind import TankMind
from tanks.models import Mind, Tank
from tanks.readings import DUPLICATE_KEY
from tanks.services.mind_alerts import history_record

REMAKE_FIRST, REMAKE_FACTOR, REMAKE_LAST = timedelta(seconds=3), 4, timedelta(hours=6)


@dataclass(slots=True, eq=False)
class Work:
    """One tank on its way: what was stored, the mind, and what came of it."""

    tank: Document
    before: Document | None
    mind: TankMind
    clock: int
    late: bool
    made_at: datetime
    remakes: int
    is_made_anew: bool
    made: Forecast | None = None
    changes: dict[str, Any] = field(default_factory=dict)


def at_seconds(seconds: float) -> datetime:
    """The moment so many seconds after the epoch."""
    return datetime.fromtimestamp(seconds, UTC)


def remake_due(made_at: datetime, remakes: int) -> datetime:
    """When a mind made at that time, the so-manieth time lately, may be made anew."""
    wait: timedelta = REMAKE_FIRST * float(REMAKE_FACTOR ** min(remakes, 10))
    return made_at + min(wait, REMAKE_LAST)


def minds_write(works: list[Work]) -> list[Work]:
    """Writes the minds that no other worker wrote since they were read, then what changes of their tanks.

    Returns the work that counts; of the rest nothing is kept.
    """
    for work in works:
        work.changes["version"] = secrets.randbits(62)
        if work.is_made_anew:
            history_record(tank=work.tank, alerts=work.mind.findings.alerts)
    new = [work for work in works if work.before is None]
    known = [(work, work.before["version"]) for work in works if work.before is not None]
    done = list(works)
    if new:
        rows = [{"_id": work.tank["_id"], "outlook": None, **work.changes} for work in new]
        failures = insert_many_raw(Mind._meta.db_table, rows)
        if any(failure["code"] != DUPLICATE_KEY for failure in failures):
            raise BulkWriteError({"writeErrors": failures})
        beaten = [new[failure["index"]] for failure in failures]
        done = [work for work in done if work not in beaten]
    if known:
        writes = [
            {"q": {"_id": work.tank["_id"], "version": version}, "u": {"$set": work.changes}}
            for work, version in known
        ]
        if update_many_ways(Mind, writes) != len(writes):
            ids = {"_id": {"$in": [work.tank["_id"] for work, _ in known]}}
            stored = {mind["_id"]: mind["version"] for mind in collection(Mind).find(ids, {"version": 1})}
            mine = {
                work.tank["_id"]
                for work, _ in known
                if stored.get(work.tank["_id"]) == work.changes["version"]
            }
            done = [work for work in done if work.before is None or work.tank["_id"] in mine]
    changes = [(work.tank["_id"], change) for work in done if (change := _tank_changes(work))]
    if changes:
        update_many_ways(
            Tank, [{"q": {"_id": tank_id}, "u": {"$set": change}} for tank_id, change in changes]
        )
    return done


def _tank_changes(work: Work) -> Document:
    due = at_seconds(work.mind.next_due())
    if work.late:
        due = min(due, remake_due(work.made_at, work.remakes))
    changes: Document = {}
    if due != work.tank["mind_due"]:
        changes["mind_due"] = due
    if work.made:
        changes["forecast"] = mind_state.forecast_document(work.made)
    elif "outlook" in work.changes:
        changes["forecast"] = None
    average = work.mind.usage.average()
    if average is not None and round(average, 1) != work.tank["avg_daily_usage"]:
        changes["avg_daily_usage"] = round(average, 1)
    return changes
