"""Device clocks: parsing what they send and refusing what cannot be a time of measurement."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .base import DecodeError

FUTURE_TOLERANCE = timedelta(minutes=5)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_EPOCH_FROM, _EPOCH_TO = 946_684_800, 4_102_444_800  # 2000-01-01 and 2100-01-01


def checked(at: datetime, received_at: datetime) -> datetime:
    """`at` in UTC, truncated to the millisecond.

    Raises DecodeError `not_a_time` before 2000, `future_timestamp` more than 5 minutes after arrival.
    """
    if at.tzinfo is not UTC:
        try:
            at = at.astimezone(UTC)
        except (OverflowError, ValueError):
            raise DecodeError("not_a_time", "outside the calendar") from None
    rest = at.microsecond % 1000
    if rest:
        at = at.replace(microsecond=at.microsecond - rest)
    if at < EARLIEST:
        raise DecodeError("not_a_time", f"{at.isoformat()} is before 2000")
    if at > received_at + FUTURE_TOLERANCE:
        raise DecodeError("future_timestamp", f"{at.isoformat()} is more than 5 minutes ahead")
    return at


def parse_timestamp(value: Any, received_at: datetime) -> datetime:
    """An ISO 8601 time with a zone, or an epoch number, checked.

    A number is read as seconds or as milliseconds by its size alone: from 2000 to 2100 the two ranges do not
    overlap, so it is never a guess. Anything else is `not_a_time`.
    """
    if isinstance(value, str):
        return checked(parse_iso(value), received_at)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return checked(parse_epoch(value), received_at)
    raise DecodeError("not_a_time", "expected an ISO 8601 time with a zone, or epoch seconds or milliseconds")


def parse_iso(value: str) -> datetime:
    """ISO 8601 with a zone; fractions finer than a microsecond (LoRaWAN servers send nine digits) are cut."""
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        raise DecodeError("not_a_time", f"{value[:40]!r} is not ISO 8601") from None
    if at.tzinfo is None:
        raise DecodeError("not_a_time", f"{value[:40]!r} has no zone")
    return at


def parse_epoch(value: float) -> datetime:
    """Epoch seconds or milliseconds between 2000 and 2100."""
    if _EPOCH_FROM <= value < _EPOCH_TO:
        millis = round(value * 1000)
    elif _EPOCH_FROM * 1000 <= value < _EPOCH_TO * 1000:
        millis = int(value)
    else:
        raise DecodeError("not_a_time", f"{value!r} is neither epoch seconds nor milliseconds")
    return EPOCH + timedelta(milliseconds=millis)


def live_time(value: Any, received_at: datetime, timezone: str | None = None) -> datetime | None:
    """The time of a sample from a device that only sends what it measures now.

    A clock that is unset or far off says nothing then, so the answer is None (time of arrival) instead of a
    rejection. A time without a zone counts only when `timezone` (an IANA name) says where the clock is.
    """
    if isinstance(value, str) and timezone:
        value = _localised(value, timezone)
    try:
        return parse_timestamp(value, received_at)
    except DecodeError:
        return None


def _localised(value: str, timezone: str) -> str:
    try:
        at = datetime.fromisoformat(value)
        if at.tzinfo is None:
            return at.replace(tzinfo=ZoneInfo(timezone)).isoformat()
    except (ValueError, ZoneInfoNotFoundError, OSError):
        return value
    return value
