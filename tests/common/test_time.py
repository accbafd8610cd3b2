"""Times as the API tells them."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from common.time import iso, iso_ms

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@given(st.integers(0, 4_102_444_800_000))
def test_a_time_is_told_as_iso_8601_in_utc_however_it_is_given(ms: int) -> None:
    at = EPOCH + timedelta(milliseconds=ms)
    told = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert iso(at) == iso_ms(ms) == iso(at.astimezone(timezone(timedelta(hours=-7)))) == told


def test_microseconds_are_cut_off() -> None:
    assert iso(datetime(2026, 5, 1, 10, 0, 0, 123_999, tzinfo=UTC)) == "2026-05-01T10:00:00.123Z"
