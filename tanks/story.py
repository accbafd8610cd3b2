"""What a tank's charts tell: its levels, refills, alerts and forecast over a chosen time, and its daily use."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.utils import timezone

from common.bars import Amount
from common.charts import Level, Mark, Outlook, Story, Threshold
from common.mongo import Document, collection
from tanks.intervals import summarise
from tanks.messages import in_numbers
from tanks.models import Alert, AlertKind, Mind, Severity, Tank
from tanks.readings import oldest_documents

ALERTS_MARKED = 50
LOSSES = (AlertKind.LEAK, AlertKind.BURST)
LEAST_DAYS = 14  # of daily use, however short the time that was chosen


@dataclass(frozen=True)
class Range:
    """A choice of how much of the past is shown, and in what steps."""

    name: str
    label: str
    length: timedelta
    step: timedelta


RANGES = {
    choice.name: choice
    for choice in (
        Range("24h", "24 hours", timedelta(hours=24), timedelta(minutes=5)),
        Range("7d", "7 days", timedelta(days=7), timedelta(hours=1)),
        Range("30d", "30 days", timedelta(days=30), timedelta(hours=3)),
        Range("60d", "60 days", timedelta(days=60), timedelta(hours=6)),
    )
}


@dataclass(frozen=True)
class TankStory:
    """Both charts of a tank: its levels, and what was drawn on each day that is over."""

    levels: Story
    use: list[Amount]


def tank_story(tank: Tank, chosen: Range) -> TankStory:
    """The story of the tank up to now; three queries."""
    now = timezone.now()
    start = now - chosen.length
    mind = collection(Mind).find_one({"_id": tank.pk}, ["refills", "outlook", "days"]) or {}
    points = [
        (min(summary.timestamp + chosen.step, now), summary.last_level)
        for summary in summarise(oldest_documents(tank.series, start=start), chosen.step)
    ]
    alerts = list(_alerts(tank, start))
    levels = Story(
        points=points,
        start=start,
        end=now,
        gap=max(3 * chosen.step, timedelta(hours=3)),
        zone=timezone.get_current_timezone(),
        thresholds=[
            Threshold(tank.low_water_threshold, "low"),
            Threshold(tank.critical_threshold, "critical", "critical"),
        ],
        refills=[mark for row in mind.get("refills", []) if (mark := _refill_mark(row)).at >= start],
        alerts=[_alert_mark(alert) for alert in alerts if alert["opened_at"] >= start],
        spans=[_span(alert, now) for alert in alerts if alert["kind"] in LOSSES],
        outlook=outlook(tank),
        fan=_fan(mind.get("outlook")),
    )
    return TankStory(levels, _use(mind, chosen, now))


def _refill_mark(row: dict[str, Any]) -> Mark:
    at = datetime.fromisoformat(row["at"])
    words = f"Refill of {row['liters']:,.0f} L, {timezone.localtime(at):%-d %b %H:%M}"
    return Mark(at, words + ("" if row["orderId"] else ", without an order"), row["levelAfter"])


def _fan(outlook: Document | None) -> list[Level]:
    if not outlook:
        return []
    made_at = datetime.fromtimestamp(outlook["made_at"], UTC)
    return [Level(made_at + timedelta(days=day), *row) for day, row in enumerate(outlook["fan"])]


def _use(mind: Document, chosen: Range, now: datetime) -> list[Amount]:
    since = (now - max(chosen.length, timedelta(days=LEAST_DAYS))).date().toordinal()
    return [
        Amount(date.fromordinal(ordinal), max(litres, 0.0), estimated)
        for ordinal, litres, _, estimated in mind.get("days", [])
        if ordinal >= since
    ]


def story_in_words(story: Story, chosen: Range) -> str:
    """What the drawing shows, for those who do not see it."""
    if not story.points:
        return f"No readings in the last {chosen.label}."
    levels = [level for _, level in story.points]
    words = (
        f"In the last {chosen.label} the level went from {levels[0]:.0f} to {levels[-1]:.0f} percent, between "
        f"{min(levels):.0f} and {max(levels):.0f}; {len(story.refills)} refills, {len(story.alerts)} alerts."
    )
    if story.outlook:
        empty = story.outlook.likely.astimezone(story.zone)
        words += f" It is expected to be empty about {empty:%-d %B}."
    return words


def _alerts(tank: Tank, start: datetime) -> Iterable[Document]:
    """The newest alerts that lasted into the time shown."""
    lasting = [{"opened_at": {"$gte": start}}, {"closed_at": {"$gte": start}}, {"is_open": True}]
    return (
        collection(Alert)
        .find({"tank_id": tank.pk, "$or": lasting})
        .sort("opened_at", -1)
        .limit(ALERTS_MARKED)
    )


def _alert_mark(alert: Document) -> Mark:
    opened = timezone.localtime(alert["opened_at"])
    kind = "critical" if alert["severity"] == Severity.CRITICAL else ""
    return Mark(alert["opened_at"], f"{AlertKind(alert['kind']).label}, {opened:%-d %b %H:%M}", kind=kind)


def _span(alert: Document, now: datetime) -> tuple[datetime, datetime, str]:
    """When water was lost, and how much."""
    end = alert["closed_at"] or now
    numbers = in_numbers(kind=alert["kind"], evidence=alert["evidence"])
    return (
        alert["opened_at"],
        end,
        f"{AlertKind(alert['kind']).label}: {numbers}",
    )


def outlook(tank: Tank) -> Outlook | None:
    """The stored forecast of when the tank runs empty; None without one."""
    times = (tank.forecast or {}).get("runsOutAt") or {}
    early, likely, late = (_time(times.get(name)) for name in ("p10", "p50", "p90"))
    return Outlook(early, likely, late) if early and likely and late else None


def _time(value: object) -> datetime | None:
    """A stored time: aware, naive (UTC) or ISO text."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return None
    if not isinstance(at, datetime):
        return None
    return at if at.tzinfo else at.replace(tzinfo=timezone.get_default_timezone())
