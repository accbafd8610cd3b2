"""Level detectors: low, critical, overfill, run-out soon, and a refill nobody ordered."""

from __future__ import annotations

from collections.abc import Sequence

from tanks.detectors.alerts import Kind, Severity, Signal
from tanks.forecast import Forecast
from tanks.refills import Refill

CLEAR_MARGIN = 2.0  # percent past the threshold before an alert closes, or four times the noise
PROOF_READINGS = 2
FULL_PERCENT = 99.5
FULL_CLEAR_PERCENT = 97.5
RUNOUT_CLEAR_FACTOR = 1.5


def below(
    kind: Kind,
    severity: Severity,
    levels: Sequence[float],
    times: Sequence[float],
    *,
    threshold: float,
    noise_percent: float,
    is_open: bool,
) -> Signal | None:
    """`low` and `critical`: two believed readings under the threshold raise, a clear margin above closes."""
    if len(levels) < PROOF_READINGS:
        return None
    newest, before = levels[-1], levels[-2]
    if is_open:
        clear = threshold + max(CLEAR_MARGIN, 4 * noise_percent)
        return Signal(kind, False) if newest > clear and before > clear else None
    if newest >= threshold or before >= threshold:
        return None
    evidence = {
        "levelPercent": round(newest, 2),
        "thresholdPercent": threshold,
        "from": times[-min(len(times), 96)],
        "to": times[-1],
    }
    return Signal(kind, True, severity, evidence)


def overfill(levels: Sequence[float], times: Sequence[float], *, is_open: bool) -> Signal | None:
    """Filled to the brim: raised when two believed readings are at the top, closed once clearly below."""
    if len(levels) < PROOF_READINGS:
        return None
    newest, before = levels[-1], levels[-2]
    if is_open:
        clear = newest < FULL_CLEAR_PERCENT and before < FULL_CLEAR_PERCENT
        return Signal("overfill", False) if clear else None
    if newest < FULL_PERCENT or before < FULL_PERCENT:
        return None
    evidence = {"levelPercent": round(newest, 2), "from": times[-min(len(times), 24)], "to": times[-1]}
    return Signal("overfill", True, "warning", evidence)


def runout_soon(forecast: Forecast, *, lead_days: float) -> Signal | None:
    """Raised when one future in ten is empty before the next possible delivery, `lead_days` from now."""
    if forecast.empty.p10 < lead_days:
        evidence = {
            "daysToEmptyP10": round(forecast.empty.p10, 2),
            "daysToEmptyP50": round(forecast.empty.p50, 2),
            "leadDays": lead_days,
            "volumeLiters": round(forecast.volume_liters, 1),
            "from": forecast.made_at - 7 * 86400.0,
            "to": forecast.made_at,
        }
        return Signal("runout_soon", True, "warning", evidence)
    if forecast.empty.p10 > RUNOUT_CLEAR_FACTOR * lead_days:
        return Signal("runout_soon", False)
    return None


def unexpected_refill(refill: Refill, *, expected: Sequence[tuple[float, float]]) -> Signal:
    """A refill outside every window (seconds) in which a delivery was expected."""
    known = any(start <= refill.at <= end for start, end in expected)
    evidence = {"liters": round(refill.litres, 1), "from": refill.start_at, "to": refill.at}
    return Signal("unexpected_refill", not known, "info", evidence)
