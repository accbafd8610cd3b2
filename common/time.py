"""Time: always UTC, millisecond precision, as MongoDB keeps it."""

from datetime import UTC, date, datetime
from functools import lru_cache

DAY_MS, MINUTE_MS = 86_400_000, 60_000
_EPOCH_DAY = date(1970, 1, 1).toordinal()

# Times are written from ready-made parts: an answer holds hundreds, and `isoformat` takes many times as long.
_MINUTES = [f"{minute // 60:02d}:{minute % 60:02d}:" for minute in range(1_440)]
_SECONDS = [f"{second:02d}." for second in range(60)]
_MILLISECONDS = [f"{millisecond:03d}Z" for millisecond in range(1_000)]


@lru_cache(maxsize=4_096)
def _day(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat() + "T"


def truncate_ms(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def utc_now() -> datetime:
    """Now, in UTC, to the millisecond."""
    return truncate_ms(datetime.now(UTC))


def iso(at: datetime) -> str:
    """ISO 8601 UTC with `Z` and milliseconds."""
    utc = at if at.tzinfo is UTC else at.astimezone(UTC)
    minute = utc.hour * 60 + utc.minute
    return (
        _day(utc.toordinal())
        + _MINUTES[minute]
        + _SECONDS[utc.second]
        + _MILLISECONDS[utc.microsecond // 1000]
    )


def iso_ms(milliseconds: int) -> str:
    """`iso` of a time in ms since 1970."""
    day, rest = divmod(milliseconds, DAY_MS)
    minute, rest = divmod(rest, MINUTE_MS)
    second, millisecond = divmod(rest, 1_000)
    return _day(_EPOCH_DAY + day) + _MINUTES[minute] + _SECONDS[second] + _MILLISECONDS[millisecond]
