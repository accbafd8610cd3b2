"""Readings summed up by intervals: as one would by hand, of what is stored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanks.intervals import LENGTHS, interval_start, summarise
from tanks.readings import SUSPECT, Reading, from_document, to_document

START = datetime(2026, 3, 1, 11, 50, tzinfo=UTC)
readings = st.lists(
    st.tuples(
        st.integers(1, 9_000),
        st.integers(0, 100_000),
        st.sampled_from(["good", "good", "suspect", "estimated"]),
    ),
    max_size=40,
)


def made(moves: list[tuple[int, int, str]]) -> list[Reading]:
    at, found = START, []
    for seconds, thousandths, quality in moves:
        at += timedelta(seconds=seconds)
        found.append(Reading(1, at, thousandths / 1000, thousandths / 50, quality=quality))
    return found


@given(readings, st.sampled_from(sorted(LENGTHS)))
def test_each_interval_is_what_its_readings_come_to(moves: list[tuple[int, int, str]], name: str) -> None:
    length = LENGTHS[name]
    stored = [to_document(reading) for reading in made(moves)]
    told = [summary.payload() for summary in summarise(stored, length)]
    rows = [row for row in map(from_document, stored) if row.quality != SUSPECT]
    assert [one["timestamp"] for one in told] == sorted(
        {interval_start(row.timestamp, length) for row in rows}
    )
    changes = {after: after.volume_liters - before.volume_liters for before, after in pairwise(rows)}
    rises = {after for before, after in pairwise(rows) if round(after.level - before.level, 3) >= 1.5}
    for one in told:
        mine = [row for row in rows if interval_start(row.timestamp, length) == one["timestamp"]]
        levels = [row.level for row in mine]
        assert (one["count"], one["min"], one["max"], one["last"]) == (
            len(levels),
            min(levels),
            max(levels),
            levels[-1],
        )
        assert one["avg"] == pytest.approx(sum(levels) / len(levels), abs=0.00051)
        refill = sum(changes.get(row, 0) for row in mine if row in rises)
        usage = -sum(changes.get(row, 0) for row in mine if row not in rises)
        assert one["refillLiters"] == pytest.approx(refill, abs=1e-6)
        assert one["usageLiters"] == pytest.approx(max(0, usage), abs=1e-6)
