"""Heights, distances and litres of every shape."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tanks.geometry import (
    Geometry,
    GeometryError,
    geometry_from,
    height_from_depth,
    height_from_distance,
    height_from_volume,
    level_and_volume,
    level_percent,
    volume_from_height,
)

TABLE = [[0, 0], [100, 50], [500, 900], [1000, 1000]]


@st.composite
def tables(draw: st.DrawFn) -> list[list[float]]:
    rises = draw(st.lists(st.tuples(st.floats(0.5, 500), st.floats(0.5, 5000)), min_size=2, max_size=30))
    height = volume = 0.0
    rows = []
    for rise, litres in rises:
        height, volume = height + rise, volume + litres
        rows.append([height, volume])
    return rows


@st.composite
def geometries(draw: st.DrawFn) -> Geometry:
    shape = draw(
        st.sampled_from(["vertical_cylinder", "horizontal_cylinder", "rectangular", "strapping_table"])
    )
    offset = draw(st.floats(0, 2000))
    if shape == "strapping_table":
        return Geometry(shape="strapping_table", table=draw(tables()), sensor_offset_mm=offset)
    return Geometry(
        shape=shape,
        height_mm=draw(st.floats(50, 20_000)),
        capacity_liters=draw(st.floats(10, 1e6)),
        sensor_offset_mm=offset,
    )


@given(geometries(), st.floats(0, 1), st.floats(0, 1))
def test_more_height_is_never_less_water(geometry: Geometry, first: float, second: float) -> None:
    low, high = sorted((first, second))
    tolerance = 1e-12 * geometry.capacity_liters
    below = volume_from_height(geometry, low * geometry.height_mm)
    assert below <= volume_from_height(geometry, high * geometry.height_mm) + tolerance


@given(geometries(), st.floats(0, 1))
def test_volume_and_height_undo_each_other(geometry: Geometry, share: float) -> None:
    volume = share * geometry.capacity_liters
    height = height_from_volume(geometry, volume)
    assert 0 <= height <= geometry.height_mm
    assert volume_from_height(geometry, height) == pytest.approx(volume, abs=1e-9 * geometry.capacity_liters)


@given(geometries(), st.floats(allow_nan=False, allow_infinity=False, min_value=-1e9, max_value=1e9))
def test_volume_and_level_stay_within_the_tank(geometry: Geometry, height: float) -> None:
    assert 0 <= volume_from_height(geometry, height) <= geometry.capacity_liters * (1 + 1e-12)
    assert 0 <= level_percent(geometry, height) <= 100 * (1 + 1e-12)


@given(geometries(), st.floats(0, 1))
def test_distance_and_depth_agree(geometry: Geometry, share: float) -> None:
    height = share * geometry.height_mm
    distance = geometry.height_mm + geometry.sensor_offset_mm - height
    assert height_from_distance(geometry, distance) == pytest.approx(
        height_from_depth(geometry, height), abs=1e-6
    )


@given(geometries(), st.floats(1.06, 100))
def test_reading_far_outside_the_tank_is_an_error_and_not_full(geometry: Geometry, times: float) -> None:
    assume(geometry.height_mm * (times - 1) > 50.1)
    with pytest.raises(GeometryError) as raised:
        height_from_depth(geometry, geometry.height_mm * times)
    assert raised.value.code == "beyond_range"
    with pytest.raises(GeometryError):
        height_from_distance(geometry, geometry.height_mm * times + geometry.sensor_offset_mm)


def test_small_overshoot_is_clamped_at_both_ends() -> None:
    tank = Geometry(shape="rectangular", height_mm=1000, capacity_liters=1000, sensor_offset_mm=100)
    assert height_from_depth(tank, 1040) == 1000
    assert height_from_depth(tank, -40) == 0
    assert height_from_distance(tank, 60) == 1000
    assert height_from_distance(tank, 1140) == 0


@pytest.mark.parametrize(
    ("height", "share"), [(0, 0), (500, 0.5), (1000, 1), (250, 0.1955011), (750, 0.8044989)]
)
def test_lying_cylinder_follows_the_circle_and_not_a_line(height: float, share: float) -> None:
    tank = Geometry(shape="horizontal_cylinder", height_mm=1000, capacity_liters=2000)
    assert volume_from_height(tank, height) == pytest.approx(2000 * share, abs=1e-3)


@given(st.floats(1e-9, 0.02))
def test_lying_cylinder_is_exact_near_empty(share: float) -> None:
    tank = Geometry(shape="horizontal_cylinder", height_mm=1.0, capacity_liters=1.0)
    # Area of a thin segment of a circle of diameter 1: (4/3) h sqrt(h) (1 - 0.3 h ...), over pi/4.
    thin = (16 / (3 * math.pi)) * share**1.5 * (1 - 0.3 * share)
    assert volume_from_height(tank, share) == pytest.approx(thin, rel=2e-4)


def test_strapping_table_runs_straight_between_its_rows() -> None:
    tank = Geometry(shape="strapping_table", table=TABLE)
    assert [volume_from_height(tank, mm) for mm in (50, 100, 300, 750, 1000)] == [25, 50, 475, 950, 1000]
    assert tank.height_mm == 1000
    assert tank.capacity_liters == 1000


def test_strapping_table_starts_at_the_empty_bottom() -> None:
    tank = Geometry(shape="strapping_table", table=[[100, 40], [200, 100]])
    assert volume_from_height(tank, 50) == 20


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"shape": "sphere"}, "bad_shape"),
        ({"shape": None}, "bad_shape"),
        ({"heightMm": 0}, "bad_height"),
        ({"heightMm": -5}, "bad_height"),
        ({"heightMm": "1000"}, "bad_height"),
        ({"heightMm": True}, "bad_height"),
        ({"heightMm": float("nan")}, "bad_height"),
        ({"heightMm": 1e9}, "bad_height"),
        ({"sensorOffsetMm": -1}, "bad_offset"),
        ({"sensorOffsetMm": [1]}, "bad_offset"),
        ({"table": TABLE}, "bad_shape"),
        ({"shape": "strapping_table"}, "table_missing"),
        ({"shape": "strapping_table", "table": "1,2"}, "table_missing"),
        ({"shape": "strapping_table", "table": [[0, 0]]}, "table_too_short"),
        ({"shape": "strapping_table", "table": [[i, i] for i in range(2001)]}, "table_too_long"),
        ({"shape": "strapping_table", "table": [[0, 0], [1]]}, "table_not_numbers"),
        ({"shape": "strapping_table", "table": [[0, 0], [1, True]]}, "table_not_numbers"),
        ({"shape": "strapping_table", "table": [[0, 0], 5]}, "table_not_numbers"),
        ({"shape": "strapping_table", "table": [[-1, 0], [1, 1]]}, "table_negative"),
        ({"shape": "strapping_table", "table": [[0, 0], [1, -1]]}, "table_negative"),
        ({"shape": "strapping_table", "table": [[0, 0], [5, 9], [5, 10]]}, "table_not_increasing"),
        ({"shape": "strapping_table", "table": [[0, 0], [5, 9], [6, 9]]}, "table_not_increasing"),
        ({"shape": "strapping_table", "table": [[5, 0], [6, 9]]}, "table_not_increasing"),
    ],
)
def test_impossible_shape_is_refused_by_its_own_code(changes: dict[str, Any], code: str) -> None:
    data = {"shape": "rectangular", "heightMm": 1000, **changes}
    with pytest.raises(GeometryError) as raised:
        geometry_from(data, capacity_liters=1000)
    assert raised.value.code == code


def test_capacity_must_be_positive() -> None:
    with pytest.raises(GeometryError) as raised:
        geometry_from({"shape": "rectangular", "heightMm": 1000}, capacity_liters=-1)
    assert raised.value.code == "bad_capacity"


def test_sample_becomes_percent_and_litres() -> None:
    tank = geometry_from(
        {"shape": "vertical_cylinder", "heightMm": 2000, "sensorOffsetMm": 200}, capacity_liters=5000
    )
    assert level_and_volume(capacity_liters=5000, level_percent=40) == (40, 2000)
    assert level_and_volume(capacity_liters=5000, volume_liters=1000) == (20, 1000)
    assert level_and_volume(capacity_liters=5000, geometry=tank, distance_mm=1200) == (50, 2500)
    assert level_and_volume(capacity_liters=5000, geometry=tank, depth_mm=500) == (25, 1250)


@pytest.mark.parametrize(
    ("sample", "code"),
    [
        ({"volume_liters": 5300}, "beyond_range"),
        ({"level_percent": 120}, "beyond_range"),
        ({"distance_mm": 100}, "geometry_missing"),
        ({"depth_mm": 100}, "geometry_missing"),
        ({"level_percent": float("nan")}, "not_a_number"),
    ],
)
def test_sample_that_the_tank_cannot_hold_is_an_error(sample: dict[str, float], code: str) -> None:
    with pytest.raises(GeometryError) as raised:
        level_and_volume(capacity_liters=5000, **sample)
    assert raised.value.code == code
