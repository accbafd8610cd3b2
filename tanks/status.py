"""What a level means: pure, and the one place where thresholds are compared."""

EMPTY_PERCENT = 1.0
HYSTERESIS_PERCENT = 2.0


def tank_status(*, level: float | None, low_threshold: float, critical_threshold: float) -> str:
    """`ok`, `low`, `critical`, `empty`, or `unknown` without a level. Percent; a level at a threshold is below it."""
    if level is None:
        return "unknown"
    if level <= EMPTY_PERCENT:
        return "empty"
    if level <= critical_threshold:
        return "critical"
    if level <= low_threshold:
        return "low"
    return "ok"
