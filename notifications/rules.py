"""Who is told how and when: pure rules, no Django, all times aware."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

SUBJECT_LENGTH = 78
# Waits after the first, second, … failed attempt; after the last the message is given up.
RETRY_WAITS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=4),
    timedelta(hours=12),
)
# How long one attempt may take before another worker may believe the first one dead.
CLAIM = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Quiet:
    """Local times between which only urgent messages go out. `start` is in it, `end` is not."""

    start: time
    end: time
    timezone: str = "UTC"

    def zone(self) -> ZoneInfo:
        """The zone; UTC when the name is not one."""
        try:
            return ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError):
            return ZoneInfo("UTC")

    def contains(self, at: datetime) -> bool:
        local = at.astimezone(self.zone()).time()
        if self.start <= self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end


def parse_quiet(start: str, end: str, timezone: str) -> Quiet | None:
    """Quiet hours from `HH:MM` texts; None when they are not times, or the same (no hours at all)."""
    try:
        quiet = Quiet(time.fromisoformat(start), time.fromisoformat(end), timezone)
    except ValueError:
        return None
    return quiet if quiet.start != quiet.end else None


def send_at(now: datetime, quiet: Quiet | None, *, urgent: bool) -> datetime:
    """`now`, or the end of the quiet hours that `now` is in, in UTC. Urgent messages do not wait.

    Nothing else is let through early: good news (a level that has recovered) waits like the bad it follows.
    """
    if urgent or quiet is None or not quiet.contains(now):
        return now
    zone = quiet.zone()
    local = now.astimezone(zone)
    day = local.date() if local.time() < quiet.end else local.date() + timedelta(days=1)
    end = datetime.combine(day, quiet.end, tzinfo=zone).astimezone(UTC)
    # Where clocks are put back, the hour of the end comes twice: the later one is outside for certain.
    if end <= now or quiet.contains(end):
        end = datetime.combine(day, quiet.end, tzinfo=zone).replace(fold=1).astimezone(UTC)
    return max(end, now)


def channels(*, wanted: Collection[str], reachable: Collection[str]) -> list[str]:
    """The channels a person both wants and can be reached by, in a fixed order."""
    return [channel for channel in ("push", "email", "sms") if channel in wanted and channel in reachable]


def retry_at(now: datetime, *, attempts: int) -> datetime | None:
    """When to try again after that many failed attempts (≥ 1); None: give up."""
    return now + RETRY_WAITS[attempts - 1] if attempts <= len(RETRY_WAITS) else None


def subject(message: str) -> str:
    """The first line of a message, at most 78 characters, cut at a word."""
    line = " ".join(message.split("\n", 1)[0].split())
    if len(line) <= SUBJECT_LENGTH:
        return line
    return line[: SUBJECT_LENGTH - 1].rsplit(" ", 1)[0] + "…"
