"""When the demo's people work: local hours of Tucson, which knows no summer time."""

from datetime import UTC, datetime, time, timedelta, timezone

OPENS, CLOSES = 7, 17
LOCAL = timezone(timedelta(hours=-7))


def is_working(at: datetime) -> bool:
    return OPENS <= at.astimezone(LOCAL).hour < CLOSES


def morning(at: datetime, *, days: int = 0) -> datetime:
    """The opening hour of the local day of `at`, or of another so many days later."""
    day = at.astimezone(LOCAL).date() + timedelta(days=days)
    return datetime.combine(day, time(OPENS), LOCAL).astimezone(UTC)


def slots(after: datetime, *, count: int, apart: timedelta) -> list[datetime]:
    """So many half hours in working hours later than `after`, `apart` from one another."""
    half = timedelta(minutes=30)
    at = after + (morning(after) - after) % half
    found: list[datetime] = []
    while len(found) < count:
        if is_working(at):
            found.append(at)
            at += apart
        else:
            at += half
    return found


def slot_before(before: datetime) -> datetime:
    """The last half hour in working hours that is not later than `before`."""
    half = timedelta(minutes=30)
    at = before - (before - morning(before)) % half
    while not is_working(at):
        at -= half
    return at
