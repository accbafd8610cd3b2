"""Time: always UTC, millisecond precision, as MongoDB keeps it."""

from datetime import UTC, date, datetime
from functools import lru_cache

MINUTE_MS = 60_000
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_DAY_MINUTES = 1_440

# Times are written from ready-made parts: an answer holds hundreds, and `isoformat` takes many times as long.
_MINUTES = [f"{minute // 60:02d}:{minute % 60:02d}:" for minute in range(_DAY_MINUTES)]
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
    minute, rest = divmod(milliseconds, MINUTE_MS)
    second, millisecond = divmod(rest, 1_000)
    return _since_epoch(minute) + _SECONDS[second] + _MILLISECONDS[millisecond]


@lru_cache(maxsize=16_384)
def _since_epoch(minute: int) -> str:
    day, rest = divmod(minute, _DAY_MINUTES)
    return _day(_EPOCH_DAY + day) + _MINUTES[rest]
