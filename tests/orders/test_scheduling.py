"""Delivery dates."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from orders.scheduling import date_problem, earliest_delivery, proposed_delivery

NOW = datetime(2026, 11, 23, 9, 7, 30, tzinfo=UTC)


@given(st.datetimes(timezones=st.just(UTC), max_value=datetime(2100, 1, 1)), st.floats(0, 1_000))
def test_the_earliest_delivery_is_a_quarter_hour_not_before_the_lead_time(now: datetime, lead: float) -> None:
    at = earliest_delivery(now=now, lead_time_hours=lead)
    assert timedelta() <= at - (now + timedelta(hours=lead)) < timedelta(minutes=15)
    assert at.minute % 15 == at.second == at.microsecond == 0


def test_the_date_agreed_comes_before_the_one_wished_and_both_before_the_earliest() -> None:
    agreed, wished = NOW + timedelta(days=2), NOW + timedelta(days=1)
    proposed = [
        proposed_delivery(now=NOW, lead_time_hours=4, wished=w, agreed=a)
        for w, a in [(wished, agreed), (wished, None), (NOW - timedelta(days=1), None)]
    ]
    assert proposed == [agreed, wished, datetime(2026, 11, 23, 13, 15, tzinfo=UTC)]


def test_past_and_very_distant_dates_are_refused() -> None:
    assert date_problem(NOW - timedelta(seconds=1), now=NOW)
    assert date_problem(NOW + timedelta(days=400), now=NOW)
    assert date_problem(NOW + timedelta(days=40), now=NOW) is None
