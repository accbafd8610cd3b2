"""What a tank's use looks like, from what the workers keep of it: nothing is calculated while somebody waits."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bson import ObjectId

from common.mongo import Document, collection
from common.time import utc_now
from tanks.models import Mind

DAYS_KEPT = 100
FIELDS = ["days", "refills", "habits", "timezone"]


def usage_payload(*, tank_id: ObjectId, days: int) -> Document:
    """Use of the last `days` local days that are over, newest first, with habits and refills; see the API's schema."""
    mind = collection(Mind).find_one({"_id": tank_id}, FIELDS) or {}
    zone = mind.get("timezone") or "UTC"
    today = utc_now().astimezone(ZoneInfo(zone)).date()
    first = today - timedelta(days=days)
    daily = [day_payload(row) for row in reversed(mind.get("days", [])) if row[0] >= first.toordinal()]
    average = round(sum(day["liters"] for day in daily) / len(daily), 1) if daily else None
    habits = mind.get("habits") or {} if average is not None else {}
    since = datetime(first.year, first.month, first.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    refills = [row for row in reversed(mind.get("refills", [])) if datetime.fromisoformat(row["at"]) >= since]
    return {
        "timezone": zone,
        "average": average,
        "daily": daily,
        "weekdayProfile": _litres(habits.get("weekdays"), average),
        "hourProfile": _litres(habits.get("hours"), average),
        "nightFlow": habits.get("night_flow"),
        "refills": refills,
    }


def day_payload(row: list[Any]) -> Document:
    """A kept day (see `tanks.mind_state.day_row`) as the API tells it."""
    ordinal, litres, night_flow, estimated = row
    return {
        "date": date.fromordinal(ordinal).isoformat(),
        "liters": litres,
        "nightFlow": night_flow,
        "estimated": estimated,
    }


def _litres(shares: list[float] | None, average: float | None) -> list[float]:
    """Relative shares as litres of an average day; empty while the household is unknown."""
    return [round(share * average, 1) for share in shares] if shares and average is not None else []
