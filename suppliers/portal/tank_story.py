"""What a tank's chart tells: its levels, refills, alerts and forecast over a chosen time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from common.charts import Mark, Outlook, Story, Threshold
from common.mongo import collection
from tanks.intervals import summarise
from tanks.models import Alert, AlertKind, Tank
from tanks.readings import oldest_first

REFILL_SHARE = 0.05  # of the capacity: smaller rises are not worth a mark
ALERTS_MARKED = 50


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


def tank_story(tank: Tank, chosen: Range) -> Story:
    """The story of the tank up to now; two queries."""
    now = timezone.now()
    start = now - chosen.length
    points: list[tuple[datetime, float]] = []
    refills: list[Mark] = []
    for summary in summarise(oldest_first(tank.series, start=start), chosen.step):
        at = min(summary.timestamp + chosen.step, now)
        points.append((at, summary.last))
        if summary.refill_liters >= REFILL_SHARE * tank.capacity:
            refills.append(Mark(at, f"Refill of about {summary.refill_liters:,.0f} L", summary.last))
    return Story(
        points=points,
        start=start,
        end=now,
        gap=max(3 * chosen.step, timedelta(hours=3)),
        zone=timezone.get_current_timezone(),
        thresholds=[
            Threshold(tank.low_water_threshold, "low"),
            Threshold(tank.critical_threshold, "critical", "critical"),
        ],
        refills=refills,
        alerts=list(_alert_marks(tank, start)),
        outlook=outlook(tank),
    )


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


def _alert_marks(tank: Tank, start: datetime) -> Iterable[Mark]:
    found = collection(Alert).find({"tank_id": tank.pk, "opened_at": {"$gte": start}})
    for alert in found.sort("opened_at", -1).limit(ALERTS_MARKED):
        opened = timezone.localtime(alert["opened_at"])
        yield Mark(alert["opened_at"], f"{AlertKind(alert['kind']).label}, {opened:%-d %b %H:%M}")


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
