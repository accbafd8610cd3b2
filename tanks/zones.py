"""Level zones with hysteresis: pure. A zone is entered at its threshold and left only clearly above it."""

from tanks.status import HYSTERESIS_PERCENT

OK, LOW, CRITICAL = "ok", "low", "critical"


def zone_after(*, zone: str, level: float, low: float, critical: float) -> str:
    """The zone of a tank at `level` that was in `zone` (empty: not known yet). All in percent."""
    if level <= critical or (zone == CRITICAL and level <= critical + HYSTERESIS_PERCENT):
        return CRITICAL
    if level <= low or (zone in (LOW, CRITICAL) and level <= low + HYSTERESIS_PERCENT):
        return LOW
    return OK
