"""When water can come: the seed's SchedulingService. Pure."""

from datetime import datetime, timedelta

FURTHEST = timedelta(days=365)


def earliest_delivery(*, now: datetime, lead_time_hours: float) -> datetime:
    """The first moment a supplier with that lead time can be there: the next whole quarter of an hour."""
    at = now + timedelta(hours=max(lead_time_hours, 0))
    past = timedelta(minutes=at.minute % 15, seconds=at.second, microseconds=at.microsecond)
    return at - past + (timedelta(minutes=15) if past else timedelta())


def proposed_delivery(
    *, now: datetime, lead_time_hours: float, wished: datetime | None, agreed: datetime | None
) -> datetime:
    """The date of a supplier who schedules without naming one: agreed, else wished, else the earliest."""
    for date in (agreed, wished):
        if date and date > now:
            return date
    return earliest_delivery(now=now, lead_time_hours=lead_time_hours)


def date_problem(date: datetime, *, now: datetime) -> str | None:
    """What is wrong with a delivery date, None if nothing."""
    if date < now:
        return "The date is in the past."
    if date > now + FURTHEST:
        return "The date is more than a year ahead."
    return None
