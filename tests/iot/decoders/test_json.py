"""The product's own JSON: exact reasons for refusals, and one answer from the fast and the exact path."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iot.decoders import json as decoder
from iot.decoders.base import DecodeError, Measurement

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def code_of(item: object) -> str:
    return decode_one(json.dumps(item).encode())


def decode_one(body: bytes) -> str:
    """The error's code, or "ok"."""
    try:
        decoder.decode_reading(body, NOW)
    except DecodeError as error:
        return error.code
    return "ok"


@pytest.mark.parametrize(
    ("item", "code"),
    [
        ({"level": 0}, "ok"),
        ({"level": 100}, "ok"),
        ({"level": -0.9}, "ok"),
        ({"level": 101}, "out_of_range"),
        ({"level": -1}, "out_of_range"),
        ({"level": True}, "wrong_type"),
        ({"level": "50"}, "wrong_type"),
        ({"level": [50]}, "wrong_type"),
        ({"level": {"value": 50}}, "wrong_type"),
        ({"level": None}, "missing_field"),
        ({"level": 10**400}, "out_of_range"),
        ({"volumeLiters": -0.1}, "out_of_range"),
        ({"volumeLiters": 1e300}, "out_of_range"),
        ({"distanceMm": 1, "depthMm": 1}, "ambiguous"),
        ({}, "missing_field"),
        ({"level": 5, "battery": 101}, "out_of_range"),
        ({"level": 5, "battery": "full"}, "wrong_type"),
        ({"level": 5, "rssi": -70.4}, "ok"),
        ({"level": 5, "temperature": 1e9}, "out_of_range"),
        ({"level": 5, "unknown": 1}, "ok"),
        ({"level": 5, "timestamp": "2026-11-23T12:05:00Z"}, "ok"),
        ({"level": 5, "timestamp": "2026-11-23T12:05:00.001Z"}, "future_timestamp"),
        ({"level": 5, "timestamp": "2026-11-23T10:00:00"}, "not_a_time"),
        ({"level": 5, "timestamp": "2026-11-23"}, "not_a_time"),
        ({"level": 5, "timestamp": "1999-12-31T23:59:59Z"}, "not_a_time"),
        ({"level": 5, "timestamp": "0001-01-01T00:00:00+14:00"}, "not_a_time"),
        ({"level": 5, "timestamp": 12345}, "not_a_time"),
        ({"level": 5, "timestamp": True}, "not_a_time"),
        ({"level": 5, "timestamp": {}}, "not_a_time"),
        ({"level": 5, "timestamp": 1795434000.5}, "ok"),
        ({"level": 5, "timestamp": 1895434000}, "future_timestamp"),
        (7, "wrong_type"),
        ("x", "wrong_type"),
        (None, "wrong_type"),
        ({"level": 5, "x": json.loads("[" * 40 + "]" * 40)}, "too_deep"),
    ],
)
def test_reading_is_taken_or_refused_by_its_own_code(item: object, code: str) -> None:
    assert code_of(item) == code


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b'{"level":NaN}', "not_json"),
        (b'{"level":Infinity}', "not_json"),
        (b'{"level":1e999}', "not_json"),
        (b'{"level":"\xff"}', "not_json"),
        (b"[" * 100_000, "too_deep"),
        (b" " * (1024 * 1024 + 1), "too_large"),
    ],
)
def test_unreadable_body_is_refused_as_a_whole(body: bytes, code: str) -> None:
    assert decode_one(body) == code


def test_batch_of_more_than_a_thousand_is_refused() -> None:
    body = json.dumps([{"level": 1}] * 1001).encode()
    with pytest.raises(DecodeError, match="too_many_items"):
        decoder.decode_items(body, NOW)


def test_empty_batch_is_refused() -> None:
    with pytest.raises(DecodeError, match="empty"):
        decoder.decode_items(b"[]", NOW)


def test_full_batch_keeps_order_and_times() -> None:
    start = NOW - timedelta(hours=1)
    items = [{"level": i % 100, "timestamp": (start + timedelta(seconds=i)).isoformat()} for i in range(1000)]
    results = decoder.decode_items(json.dumps(items).encode(), NOW)
    assert [result.level_percent for result in results] == [i % 100 for i in range(1000)]
    assert [result.at for result in results] == [start + timedelta(seconds=i) for i in range(1000)]


def test_single_object_body_gives_one_result() -> None:
    assert decoder.decode_items(b' {"depthMm": 5} ', NOW) == [Measurement(depth_mm=5.0)]


numbers = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-200, 2_000_000),
    st.just(None),
    st.booleans(),
)
readings = st.fixed_dictionaries(
    {},
    optional={
        "level": numbers,
        "volumeLiters": numbers,
        "distanceMm": numbers,
        "depthMm": numbers,
        "battery": numbers,
        "rssi": numbers,
        "temperature": numbers,
        "timestamp": st.one_of(
            st.integers(-(10**9), 4 * 10**9).map(lambda at: datetime.fromtimestamp(at, UTC).isoformat()),
            st.integers(0, 4_000_000_000_000),
            st.text(max_size=12),
        ),
    },
)


@given(readings)
def test_fast_path_and_exact_path_agree(item: dict[str, object]) -> None:
    fast: Measurement | str
    exact: Measurement | str
    try:
        fast = decoder.decode_reading(json.dumps(item).encode(), NOW)
    except DecodeError as error:
        fast = error.code
    # A field that the fast path does not know sends the same reading down the exact path.
    try:
        exact = decoder.decode_reading(json.dumps({**item, "other": 1}).encode(), NOW)
    except DecodeError as error:
        exact = error.code
    assert fast == exact


@given(st.lists(readings, min_size=1, max_size=5))
def test_item_of_a_batch_fares_as_it_would_alone(items: list[dict[str, object]]) -> None:
    together = decoder.decode_items(json.dumps(items).encode(), NOW)
    for item, result in zip(items, together, strict=True):
        code = result.code if isinstance(result, DecodeError) else "ok"
        assert code == code_of(item)
        if isinstance(result, Measurement):
            assert decoder.decode_reading(json.dumps(item).encode(), NOW) == result


ordinary = st.fixed_dictionaries(
    {
        "level": st.one_of(st.integers(0, 100), st.floats(0, 100)),
        "timestamp": st.one_of(
            st.datetimes(datetime(1999, 12, 30), datetime(2030, 1, 1), timezones=st.just(UTC)),
            st.datetimes(
                datetime(2020, 1, 1), datetime(2026, 1, 1), timezones=st.just(timezone(timedelta(hours=5.5)))
            ),
        ).map(datetime.isoformat),
    },
    optional={"battery": st.integers(0, 100), "rssi": st.floats(-200, 100), "temperature": st.just(None)},
)


@given(st.lists(ordinary, min_size=1, max_size=5))
def test_ordinary_readings_are_the_same_by_the_fast_path_and_by_the_exact_one(items: list[Any]) -> None:
    fast = decoder.decode_items(json.dumps(items).encode(), NOW)
    exact = decoder.decode_items(json.dumps([{**item, "other": 1} for item in items]).encode(), NOW)
    assert list(map(repr, fast)) == list(map(repr, exact))
