"""The clustered collection of readings, on a real mongod."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanks import readings
from tanks.readings import Reading, from_document, key, to_document

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2099, 1, 1)).map(
    lambda at: at.replace(tzinfo=UTC, microsecond=at.microsecond // 1000 * 1000)
)
SERIES, SLOTS = st.integers(1, 2**32 - 1), st.integers(0, 2**16 - 1)


def reading(minutes: float, *, series: int = 7, slot: int = 1, level: float = 50.0) -> Reading:
    return Reading(series, NOON + timedelta(minutes=minutes), level, level * 10, slot=slot)


@given(
    SERIES,
    MOMENTS,
    SLOTS,
    st.sampled_from(["good", "suspect", "estimated"]),
    st.sampled_from(["sensor", "manual"]),
)
def test_a_document_gives_back_its_reading(series, at, slot, quality, source):
    told = Reading(series, at, 43.125, 431.25, source, quality, slot)
    assert from_document(to_document(told)) == told


@given(
    st.tuples(SERIES, st.integers(0, 2**48 - 1), SLOTS), st.tuples(SERIES, st.integers(0, 2**48 - 1), SLOTS)
)
def test_keys_sort_as_tank_then_time_then_device(one, other):
    assert (key(*one) < key(*other)) == (one < other)


@pytest.mark.django_db
def test_a_reading_written_twice_is_stored_once_and_counted():
    batch = [reading(0), reading(1), reading(2)]
    assert readings.insert(batch) == set()
    assert readings.insert([reading(3), *batch]) == {1, 2, 3}
    assert [r.timestamp for r in readings.newest(7, limit=10)] == [reading(m).timestamp for m in (3, 2, 1, 0)]


@pytest.mark.django_db
def test_the_same_moment_from_another_device_is_another_reading():
    assert (
        readings.insert([reading(0, slot=1), reading(0, slot=2), reading(0, slot=readings.MANUAL_SLOT)])
        == set()
    )


@pytest.mark.django_db
def test_a_range_takes_its_start_and_leaves_its_end_and_other_tanks():
    readings.insert([reading(m) for m in range(5)] + [reading(2, series=6), reading(2, series=8)])
    before = (readings.to_ms(reading(3).timestamp), 0)
    found = list(readings.oldest_first(7, start=reading(1).timestamp, before=before))
    assert found == [reading(1), reading(2)]


@pytest.mark.django_db
def test_range_reads_scan_the_cluster_key_and_nothing_else():
    readings.insert([reading(m, series=s) for s in (6, 7, 8) for m in range(100)])
    wanted = readings.range_filter(7, reading(10).timestamp, (readings.to_ms(reading(20).timestamp), 0))
    plan = readings.readings_collection().find(wanted).sort("_id", -1).explain()
    assert plan["queryPlanner"]["winningPlan"]["stage"] == "CLUSTERED_IXSCAN"
    assert plan["executionStats"]["totalDocsExamined"] <= 12


@pytest.mark.django_db
def test_a_confirmed_suspect_becomes_good():
    doubtful = reading(0)._replace(quality="suspect")
    readings.insert([doubtful])
    readings.set_qualities([(doubtful.series, readings.to_ms(doubtful.timestamp), doubtful.slot, "good")])
    assert readings.newest(7, limit=1)[0].quality == "good"


@pytest.mark.django_db
def test_deleting_a_tank_leaves_its_neighbours_readings():
    readings.insert([reading(0, series=s) for s in (6, 7, 8)])
    readings.delete_all([7])
    assert [len(readings.newest(s, limit=9)) for s in (6, 7, 8)] == [1, 0, 1]
