"""From what a sensor sees (a distance or a depth in millimetres) to litres and percent, and back.

Heights are millimetres of liquid above the tank's bottom, volumes litres, levels percent of the capacity.
Pure functions: no Django, no I/O.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal, get_args

Shape = Literal["vertical_cylinder", "horizontal_cylinder", "rectangular", "strapping_table"]

MAX_HEIGHT_MM = 100_000.0
MAX_LITERS = 1e9
MAX_TABLE_ROWS = 2_000
# A level can stand a little above "full" (foam, an overflow lip, sensor noise). Beyond that the sensor lies.
_OVERSHOOT_FRACTION = 0.05
_OVERSHOOT_MM = 50.0


class GeometryError(ValueError):
    """An impossible shape, or a reading that this shape cannot give. `code` is stable snake_case.

    Codes of a bad shape: `bad_shape`, `bad_height`, `bad_offset`, `bad_capacity`, `table_missing`,
    `table_too_short`, `table_too_long`, `table_not_numbers`, `table_negative`, `table_not_increasing`.
    Codes of a bad reading: `not_a_number`, `beyond_range`, `geometry_missing`.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """A tank's inside. Validated on construction (GeometryError).

    `height_mm` is the height of the full level (a horizontal cylinder's diameter; a strapping table's last
    row when omitted). `sensor_offset_mm` is how far the sensor's face sits above the full level.
    `capacity_liters` is what the tank holds when full (a strapping table's last row when omitted).
    `table` rows are [mm, litres], strictly increasing in both; below the first row it runs to (0, 0).
    """

    shape: Shape
    height_mm: float = 0.0
    capacity_liters: float = 0.0
    sensor_offset_mm: float = 0.0
    table: Sequence[Sequence[float]] = ()
    _heights: tuple[float, ...] = field(init=False, repr=False, compare=False, default=())
    _volumes: tuple[float, ...] = field(init=False, repr=False, compare=False, default=())

    def __post_init__(self) -> None:
        if self.shape not in get_args(Shape):
            raise GeometryError("bad_shape", f"unknown shape {self.shape!r}")
        if self.shape == "strapping_table":
            self._take_table()
        elif self.table:
            raise GeometryError("bad_shape", "a table goes with the shape strapping_table only")
        _require_number(self.height_mm, "bad_height", "height", above=0.0, most=MAX_HEIGHT_MM)
        _require_number(self.capacity_liters, "bad_capacity", "capacity", above=0.0, most=MAX_LITERS)
        offset = self.sensor_offset_mm
        if not _is_number(offset) or not 0 <= offset <= MAX_HEIGHT_MM:
            raise GeometryError("bad_offset", f"sensor offset must be 0 to {MAX_HEIGHT_MM:.0f} mm")

    def _take_table(self) -> None:
        rows = _checked_table(self.table)
        object.__setattr__(self, "table", tuple(rows))
        if rows[0][0] > 0:
            rows = [(0.0, 0.0), *rows]
        object.__setattr__(self, "_heights", tuple(mm for mm, _ in rows))
        object.__setattr__(self, "_volumes", tuple(liters for _, liters in rows))
        if not self.height_mm:
            object.__setattr__(self, "height_mm", rows[-1][0])
        if not self.capacity_liters:
            object.__setattr__(self, "capacity_liters", rows[-1][1])


def geometry_from(data: Mapping[str, Any], *, capacity_liters: float) -> Geometry:
    """A Geometry from the API's object `{shape, heightMm, sensorOffsetMm?, table?}`. Raises GeometryError."""
    table = data.get("table")
    return Geometry(
        shape=data.get("shape"),  # type: ignore[arg-type]  # checked by Geometry itself
        height_mm=data.get("heightMm") or 0.0,
        sensor_offset_mm=data.get("sensorOffsetMm") or 0.0,
        table=() if table is None else table,
        capacity_liters=capacity_liters,
    )


def height_from_distance(geometry: Geometry, distance_mm: float) -> float:
    """Height of the liquid when the sensor's face is `distance_mm` above it.

    Raises GeometryError `beyond_range` for an echo from well below the bottom or well above full.
    """
    return _within_tank(geometry, geometry.height_mm + geometry.sensor_offset_mm - distance_mm, "distance")


def height_from_depth(geometry: Geometry, depth_mm: float) -> float:
    """Height of the liquid from a depth, clamped to the tank. Raises GeometryError `beyond_range`."""
    return _within_tank(geometry, depth_mm, "depth")


def volume_from_height(geometry: Geometry, height_mm: float) -> float:
    """Litres when the liquid stands `height_mm` high; 0 to capacity, never decreasing in the height."""
    height = _clamp(_finite(height_mm), geometry.height_mm)
    if geometry.shape == "strapping_table":
        return min(_interpolate(geometry._heights, geometry._volumes, height), geometry.capacity_liters)
    fraction = height / geometry.height_mm
    if geometry.shape == "horizontal_cylinder":
        fraction = _segment_fraction(fraction)
    return geometry.capacity_liters * fraction


def height_from_volume(geometry: Geometry, liters: float) -> float:
    """Height of the liquid that holds `liters`: the inverse of `volume_from_height`."""
    volume = _clamp(_finite(liters), geometry.capacity_liters)
    if geometry.shape == "strapping_table":
        return min(_interpolate(geometry._volumes, geometry._heights, volume), geometry.height_mm)
    fraction = volume / geometry.capacity_liters
    if geometry.shape == "horizontal_cylinder":
        fraction = _segment_height(fraction)
    return geometry.height_mm * fraction


def level_percent(geometry: Geometry, height_mm: float) -> float:
    """Percent of the capacity when the liquid stands `height_mm` high."""
    return 100.0 * volume_from_height(geometry, height_mm) / geometry.capacity_liters


def level_and_volume(
    *,
    capacity_liters: float,
    geometry: Geometry | None = None,
    level_percent: float | None = None,
    volume_liters: float | None = None,
    distance_mm: float | None = None,
    depth_mm: float | None = None,
) -> tuple[float, float]:
    """(percent, litres) of one sample that carries exactly one of the four quantities.

    Raises GeometryError: `geometry_missing` when a distance or depth has no shape to go with,
    `beyond_range` and `not_a_number` when the sensor reports what this tank cannot hold.
    """
    if level_percent is not None:
        level = _within(_finite(level_percent), 100.0, 100.0 * _OVERSHOOT_FRACTION, "level")
        return level, capacity_liters * level / 100.0
    if volume_liters is not None:
        most = capacity_liters
        volume = _within(_finite(volume_liters), most, most * _OVERSHOOT_FRACTION, "volume")
        return 100.0 * volume / most, volume
    if geometry is None:
        raise GeometryError("geometry_missing", "a distance or a depth needs the tank's geometry")
    if distance_mm is not None:
        height = height_from_distance(geometry, distance_mm)
    elif depth_mm is not None:
        height = height_from_depth(geometry, depth_mm)
    else:
        raise GeometryError("not_a_number", "the sample has no quantity")
    volume = volume_from_height(geometry, height)
    return 100.0 * volume / geometry.capacity_liters, volume


def _within_tank(geometry: Geometry, height_mm: float, what: str) -> float:
    most = geometry.height_mm
    return _within(_finite(height_mm), most, max(_OVERSHOOT_MM, _OVERSHOOT_FRACTION * most), what)


def _within(value: float, most: float, tolerance: float, what: str) -> float:
    if value < -tolerance or value > most + tolerance:
        raise GeometryError("beyond_range", f"this {what} is outside the tank")
    return _clamp(value, most)


def _segment_fraction(height: float) -> float:
    """Share of a circle's area below `height` (in diameters, 0 to 1)."""
    half_angle = 2.0 * math.asin(math.sqrt(_clamp(height, 1.0)))
    if half_angle < 0.01:
        # (2a - sin 2a) / 2pi loses its digits to cancellation for small a; its series does not.
        return (2.0 / (3.0 * math.pi)) * half_angle**3 * (1.0 - half_angle**2 / 5.0)
    return (half_angle - math.sin(2.0 * half_angle) / 2.0) / math.pi


def _segment_height(fraction: float) -> float:
    """Inverse of `_segment_fraction`: Newton's steps kept inside a shrinking bracket."""
    if fraction <= 0.0 or fraction >= 1.0:
        return _clamp(fraction, 1.0)
    if fraction > 0.5:
        return 1.0 - _segment_height(1.0 - fraction)
    low, high = 0.0, math.pi / 2.0
    angle = min((1.5 * math.pi * fraction) ** (1.0 / 3.0), high)
    for _ in range(60):
        error = (angle - math.sin(2.0 * angle) / 2.0) / math.pi - fraction
        if error > 0:
            high = angle
        else:
            low = angle
        slope = 2.0 * math.sin(angle) ** 2 / math.pi
        step = angle - error / slope if slope > 0 else low
        following = step if low < step < high else (low + high) / 2.0
        if abs(following - angle) < 1e-15 * (1.0 + angle):
            break
        angle = following
    return math.sin(angle / 2.0) ** 2


def _interpolate(xs: tuple[float, ...], ys: tuple[float, ...], x: float) -> float:
    """Piecewise linear through increasing points, flat beyond the ends."""
    if x <= xs[0]:
        return ys[0]
    if x >= xs[-1]:
        return ys[-1]
    right = bisect_left(xs, x)
    left = right - 1
    share = (x - xs[left]) / (xs[right] - xs[left])
    return ys[left] + share * (ys[right] - ys[left])


def _checked_table(table: Any) -> list[tuple[float, float]]:
    if not isinstance(table, list | tuple) or not table:
        raise GeometryError("table_missing", "a strapping table needs rows of [mm, litres]")
    if len(table) < 2:
        raise GeometryError("table_too_short", "a strapping table needs at least two rows")
    if len(table) > MAX_TABLE_ROWS:
        raise GeometryError("table_too_long", f"a strapping table has at most {MAX_TABLE_ROWS} rows")
    rows: list[tuple[float, float]] = []
    for row in table:
        if not isinstance(row, list | tuple) or len(row) != 2 or not all(map(_is_number, row)):
            raise GeometryError("table_not_numbers", "each row is [mm, litres], two numbers")
        rows.append((float(row[0]), float(row[1])))
    if any(value < 0 for row in rows for value in row):
        raise GeometryError("table_negative", "millimetres and litres cannot be negative")
    if any(after[0] <= before[0] or after[1] <= before[1] for before, after in pairwise(rows)):
        raise GeometryError("table_not_increasing", "millimetres and litres must both rise from row to row")
    if rows[0][0] > 0 and rows[0][1] <= 0:
        raise GeometryError("table_not_increasing", "a first row above 0 mm must hold more than 0 litres")
    return rows


def _require_number(value: Any, code: str, name: str, *, above: float, most: float) -> None:
    if not _is_number(value) or not above < value <= most:
        raise GeometryError(code, f"{name} must be a number above {above:g}, at most {most:g}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -1e300 < value < 1e300


def _finite(value: float) -> float:
    if not _is_number(value):
        raise GeometryError("not_a_number", "expected a finite number")
    return value


def _clamp(value: float, most: float) -> float:
    return 0.0 if value < 0.0 else most if value > most else value
