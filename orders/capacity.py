"""Ullage: the space a tank will have free. Pure; everything in litres."""

TOLERANCE = 0.01  # of a litre: what rounding percentages to litres may lose


def free_space(
    *,
    capacity: float,
    volume: float | None,
    coming: float,
    daily_use: float | None = None,
    days: float = 0,
) -> float:
    """The space free after `days` of use at the usual pace, less what is already coming.

    An unknown volume counts as an empty tank, an unknown pace as no use. Use never empties a tank below zero,
    and does not touch the water still to come.
    """
    held = max((volume or 0.0) - (daily_use or 0.0) * max(days, 0.0), 0.0)
    return max(capacity - held - coming, 0.0)


def fits(amount: float, space: float) -> bool:
    return amount <= space + TOLERANCE
