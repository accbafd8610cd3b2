"""Each tank's mind kept up with its readings: read on from where it stopped, written back if nobody else did.

A mind's write names the version it read, so of two workers one wins; the other's tank is put back in the queue.
A mind that is missing, unreadable, of another capacity or time zone, or that readings came too late for, is
made anew from the stored readings: slower, and to the same end.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bson import ObjectId
from kombu.exceptions import OperationalError

from accounts.models import User
from common.mongo import Document, collection
from common.time import iso, utc_now
from tanks import mind_state, readings
from tanks.habits import DAYS_KEPT
from tanks.mind import CLOSE_HOUR, LEAK_HOUR, SPACING_SECONDS, TankFacts, TankMind
from tanks.models import Mind, Tank
from tanks.readings import from_ms, to_ms
from tanks.refills import Refill
from tanks.services.level_zones import replenishment_request
from tanks.services.mind_alerts import Told, alerts_follow
from tanks.services.mind_store import Work, at_seconds, minds_write, remake_due
from tanks.services.supply import Delivery, supply

log = logging.getLogger(__name__)

HISTORY = timedelta(days=60)
LATE_MS = 120_000  # readings late by less change nothing
STAGE_HOURS = (CLOSE_HOUR, LEAK_HOUR, 24)  # local, when a day or a night is settled
STAGE_GRACE = timedelta(minutes=30)
REMAKES_FORGOTTEN = timedelta(days=1)
SOON = timedelta(seconds=60)  # what is due later is found by the sweep
FORECAST_EVERY = timedelta(hours=1)
FORECAST_STEP_PERCENT = 2.0  # a level that moved so much is forecast anew at once
FORECAST_UNTIL = timedelta(days=2)  # without a reading for longer, there is none
FRESH_LEAST, FRESH_MOST = 3 * 3600.0, 24 * 3600.0
FAILED_AGAIN = timedelta(hours=1)
UNREAD_AGAIN = timedelta(days=1)
REFILLS_KEPT = 60
USUAL_LEAD_DAYS = 1.0
FAILURES = (ArithmeticError, AssertionError, LookupError, TypeError, ValueError)
CONCERN = 0.001  # chance of running dry from which replenishment is asked to look
TANK_FIELDS = (
    *("series", "user_id", "capacity", "low_water_threshold", "critical_threshold", "auto_order"),
    *("preferred_supplier_id", "avg_daily_usage", "forecast", "mind_due"),
)


def minds_advance(*, touched: Mapping[ObjectId, int | None], now: datetime) -> dict[ObjectId, datetime]:
    """Brings these tanks' minds up to `now`; `touched`: id → the oldest time read since (ms), if anything was.

    Returns the tanks that soon need another look, and when: another worker was faster, or readings came late.
    Safe to repeat.
    """
    ids = list(touched)
    tanks = list(collection(Tank).find({"_id": {"$in": ids}}, TANK_FIELDS))
    owners = {"_id": {"$in": [tank["user_id"] for tank in tanks]}}
    zones = {user["_id"]: user.get("timezone") for user in collection(User).find(owners, {"timezone": 1})}
    minds = {mind["_id"]: mind for mind in collection(Mind).find({"_id": {"$in": ids}})}
    works = []
    for tank in tanks:
        zone = zones.get(tank["user_id"]) or "UTC"
        work = _think(tank, zone, minds.get(tank["_id"]), touched[tank["_id"]], now)
        if work is not None:
            works.append(work)
    done = minds_write(works)
    again = dict.fromkeys((work.tank["_id"] for work in works if work not in done), now)
    alerts_follow(told=[_told(work, now) for work in done], now=now)
    supply().measured(_measured(done))
    for work in done:
        _ask_for_water(work)
        if work.late and (due := remake_due(work.made_at, work.remakes)) <= now + SOON:
            again[work.tank["_id"]] = due
    return again


def _think(
    tank: Document, zone: str, before: Document | None, oldest: int | None, now: datetime
) -> Work | None:
    """The tank's mind brought up to now; None where there is nothing to think about, or thinking failed."""
    try:
        work = _live_on(_open(tank, zone, before, oldest, now), now)
    except FAILURES:
        log.exception("the mind of tank %s failed; it is made anew", tank["_id"])
        unreadable = before and {**before, "state": b""}
        try:
            work = _live_on(_open(tank, zone, unreadable, None, now), now)
        except FAILURES:
            log.exception("the mind of tank %s cannot be made", tank["_id"])
            _put_off(tank, now + FAILED_AGAIN)
            return None
    if work is None:
        _put_off(tank, now + UNREAD_AGAIN)
    return work


def _live_on(work: Work, now: datetime) -> Work | None:
    """The work with what is new since it stopped; None for a tank that was never read."""
    _read_on(work, now)
    if work.mind.day is None:
        return None
    work.mind.tick(now.timestamp())
    _forecast(work, now)
    _gather(work, now)
    return work


def _put_off(tank: Document, due: datetime) -> None:
    collection(Tank).update_one({"_id": tank["_id"]}, {"$set": {"mind_due": due}})


def _open(tank: Document, zone: str, before: Document | None, oldest: int | None, now: datetime) -> Work:
    facts = TankFacts(
        capacity_liters=tank["capacity"],
        timezone=zone,
        low_threshold=tank["low_water_threshold"],
        critical_threshold=tank["critical_threshold"],
        lead_days=before["lead_days"] if before else USUAL_LEAD_DAYS,
    )
    remakes = before["remakes"] if before and now - before["made_at"] < REMAKES_FORGOTTEN else 0
    if before and before["capacity"] == tank["capacity"] and before["timezone"] == zone:
        late = before["late"] or (oldest is not None and _is_late(from_ms(oldest), before))
        mind = mind_state.unpack(before["state"], facts)
        if mind and not (late and remake_due(before["made_at"], remakes) <= now):
            return Work(tank, before, mind, before["clock"], late, before["made_at"], remakes, False)
    # Making anew costs as much as weeks of life, so the next times have to wait the longer.
    remakes = remakes + 1 if before else 0
    return Work(tank, before, TankMind(facts), to_ms(now - HISTORY), False, now, remakes, True)


def _is_late(oldest: datetime, before: Document) -> bool:
    """Whether a reading comes behind others, or after the settling of the day or night that it belongs to."""
    if to_ms(oldest) <= before["clock"] - LATE_MS:
        return True
    local = (oldest + STAGE_GRACE).astimezone(ZoneInfo(before["timezone"]))
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    settled = next(midnight + timedelta(hours=hour) for hour in STAGE_HOURS if local.hour < hour)
    return bool(settled.astimezone(UTC) <= before["ticked_at"])


def _read_on(work: Work, now: datetime) -> None:
    """Every stored reading since the clock, in order of time."""
    mind = work.mind
    fed = mind.sensor.last_at or 0.0
    for reading in readings.oldest_first(work.tank["series"], start=from_ms(work.clock + 1)):
        at = reading.timestamp.timestamp()
        work.clock = to_ms(reading.timestamp)
        if at - fed >= SPACING_SECONDS:
            fed = at
            mind.observe(at, reading.level, source=reading.source)


def _forecast(work: Work, now: datetime) -> None:
    """Sets `work.made` where it is time for a new forecast; takes an old one away from a tank long unread."""
    mind, outlook = work.mind, (work.before or {}).get("outlook")
    if not mind.times or now.timestamp() - mind.times[-1] > FORECAST_UNTIL.total_seconds():
        if outlook or work.tank["forecast"]:
            work.changes["outlook"] = None
        return
    if outlook and not (work.is_made_anew or mind.findings.days or mind.findings.refills):
        age = now.timestamp() - outlook["made_at"]
        step = abs(mind.levels[-1] - outlook["fan"][0][1])
        if age < FORECAST_EVERY.total_seconds() and step < FORECAST_STEP_PERCENT:
            return
    lead_days = supply().lead_days(work.tank)
    mind.facts = replace(mind.facts, lead_days=USUAL_LEAD_DAYS if lead_days is None else lead_days)
    work.made = mind.forecast(now.timestamp())
    work.changes["outlook"] = mind_state.outlook_document(mind, work.made)


def _gather(work: Work, now: datetime) -> None:
    """What is to be written of the findings."""
    mind, before, changes = work.mind, work.before or {}, work.changes
    if mind.findings.days or work.is_made_anew:
        rows = {row[0]: row for row in before.get("days", [])}
        rows |= {day.ordinal: mind_state.day_row(day) for day in mind.findings.days}
        changes["days"] = [rows[ordinal] for ordinal in sorted(rows)][-DAYS_KEPT:]
        changes["habits"] = mind_state.habits(mind)
    if mind.findings.refills or work.is_made_anew:
        kept = [] if work.is_made_anew else before.get("refills", [])
        since = min((at_seconds(refill.start_at) for refill in mind.findings.refills), default=now)
        expected = supply().deliveries([work.tank["_id"]], since).get(work.tank["_id"], [])
        found = [_refill_row(refill, expected) for refill in mind.findings.refills]
        changes["refills"] = [*kept, *found][-REFILLS_KEPT:]
    changes |= {
        "clock": work.clock,
        "late": work.late,
        "ticked_at": now,
        "made_at": work.made_at,
        "remakes": work.remakes,
        "capacity": mind.facts.capacity_liters,
        "timezone": mind.facts.timezone,
        "lead_days": mind.facts.lead_days,
        "state": mind_state.pack(mind),
    }


def _refill_row(refill: Refill, expected: list[Delivery]) -> dict[str, Any]:
    """A refill as it is kept; `orderId` is the order that explains it, if one does."""
    explained = [one for one in expected if one.explains(at_seconds(refill.at))]
    return {
        "startAt": iso(at_seconds(refill.start_at)),
        "at": iso(at_seconds(refill.at)),
        "liters": round(refill.litres, 1),
        "uncertaintyLiters": round(refill.uncertainty, 1),
        "levelBefore": round(refill.level_before, 2),
        "levelAfter": round(refill.level_after, 2),
        "orderId": str(explained[0].order_id) if explained else None,
    }


def _told(work: Work, now: datetime) -> Told:
    mind = work.mind
    last = mind.times[-1] if mind.times else 0.0
    fresh = min(max(FRESH_LEAST, 3 * mind.sensor.interval), FRESH_MOST)
    new = [] if work.is_made_anew else mind.findings.refills
    rows = work.changes["refills"][-len(new) :] if new else []
    return Told(
        tank_id=work.tank["_id"],
        open=dict(mind.alerts.open),
        changed=[] if work.is_made_anew else list(mind.findings.alerts),
        unexplained=[row for row in rows if row["orderId"] is None],
        is_present=now.timestamp() - last <= fresh,
    )


def _measured(works: list[Work]) -> dict[ObjectId, float]:
    """The litres of all refills that an order explains, by that order, where a refill is new."""
    liters: dict[ObjectId, float] = {}
    for work in works:
        rows = work.changes.get("refills", [])
        new = {row["orderId"] for row in rows[-len(work.mind.findings.refills) :]}
        for row in rows:
            if row["orderId"] in new and row["orderId"]:
                order_id = ObjectId(row["orderId"])
                liters[order_id] = round(liters.get(order_id, 0.0) + row["liters"], 1)
    return liters


def _ask_for_water(work: Work) -> None:
    """The decision is made elsewhere, with all that it needs; here is only seen that it may be due."""
    if not (work.made and work.tank["auto_order"]):
        return
    if work.made.chance_empty_within(work.mind.facts.lead_days + 1) >= CONCERN:
        try:
            replenishment_request(tank_id=work.tank["_id"])
        except OperationalError as error:
            log.warning("tank %s is left to the look at low tanks: %s", work.tank["_id"], error)


def minds_due(*, now: datetime | None = None, limit: int = 2_000) -> list[ObjectId]:
    """Tanks whose minds are due though no reading may have come: nights to be judged, silence, first looks."""
    wanted = {"mind_due": {"$lte": now or utc_now()}}
    return [
        tank["_id"] for tank in collection(Tank).find(wanted, {"_id": 1}).sort("mind_due", 1).limit(limit)
    ]
