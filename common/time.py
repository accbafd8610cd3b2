"""Time: always UTC, millisecond precision, as MongoDB keeps it."""

from datetime import UTC, datetime


def truncate_ms(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def utc_now() -> datetime:
    """Now, in UTC, to the millisecond."""
    return truncate_ms(datetime.now(UTC))


def iso(at: datetime) -> str:
    """ISO 8601 UTC with `Z` and milliseconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
