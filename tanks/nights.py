"""What a tank lost while the household rested, measured in two ways that fail differently.

`lasting_loss`: the steady loss that best explains all the readings of a stretch (`tanks.steady`); precise, but a
household that draws little and often looks like it. `rest_loss`: the gentlest slope of any four hours; a household
rests somewhere, a leak does not. Rates are litres a day.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot

import numpy as np
from numpy.typing import NDArray

from tanks.steady import Loss, steady_loss
from tanks.usage import HOUR, RefillSpan

Array = NDArray[np.float64]

# times the noise, and of capacity: such counts show a slow loss as steps, hours apart
COARSE, COARSE_SHARE = 2.5, 0.004
COARSE_HOURS = 10.0
COUNT_NOISE = 12**0.5  # the standard deviation of what is anywhere within a count, the other way up
COUNT_DOUBT = 0.5  # counts, by which a noise that is told from counts may be wrong
QUIET_HOURS = 4.0  # the window for the gentlest slope
QUIET_READINGS = 5  # in each window
QUIET_COVER = 0.45  # of the windows must be whole, away from refills and gaps
REFILL_MARGIN = 3600.0  # seconds around a refill in which water moves


def lasting_loss(
    times: Array,
    litres: Array,
    spans: Sequence[RefillSpan],
    *,
    since: float,
    until: float,
    noise_litres: float,
) -> Loss | None:
    """`steady_loss` of what was read between two times (seconds), away from refills."""
    part = (times >= since) & (times < until) & ~_apart(times, spans)
    noise = hypot(noise_litres, COUNT_DOUBT * _count(litres))
    return steady_loss((times[part] - since) / HOUR, litres[part], noise_litres=noise)


def rest_loss(
    times: Array,
    litres: Array,
    spans: Sequence[RefillSpan],
    *,
    since: float,
    until: float,
    noise_litres: float,
    interval: float,
    capacity: float,
) -> Loss | None:
    """`quiet_loss` of the hours between two times (seconds). `interval`: seconds between readings."""
    part = times >= since
    count_litres = _coarse(litres, noise_litres, capacity)
    return quiet_loss(
        (times[part] - since) / HOUR,
        litres[part],
        apart=_apart(times, spans)[part],
        noise_litres=max(noise_litres, count_litres / COUNT_NOISE),
        interval_hours=interval / HOUR,
        span_hours=(until - since) / HOUR,
        window_hours=COARSE_HOURS if count_litres else QUIET_HOURS,
    )


def _coarse(litres: Array, noise_litres: float, capacity: float) -> float:
    """Litres in one count of a sensor whose noise is no more than its counting; 0 for all others."""
    count = _count(litres)
    return count if count > max(COARSE * noise_litres, COARSE_SHARE * capacity) else 0.0


def _count(litres: Array) -> float:
    """The least step between any two levels."""
    steps = np.diff(np.unique(litres))
    return float(steps.min()) if len(steps) else 0.0


def _apart(times: Array, spans: Sequence[RefillSpan]) -> NDArray[np.bool_]:
    """Readings that say nothing, during and around a refill."""
    apart = np.zeros(len(times), dtype=bool)
    for span in spans:
        apart |= (times >= span.start_at - REFILL_MARGIN) & (times <= span.end_at + REFILL_MARGIN)
    return apart


def quiet_loss(
    hours: Array,
    litres: Array,
    *,
    apart: NDArray[np.bool_],
    noise_litres: float,
    interval_hours: float,
    span_hours: float = 24.0,
    window_hours: float = QUIET_HOURS,
) -> Loss | None:
    """The gentlest slope of any window of so many hours; None where too little of the span can be seen.

    `apart`: readings that say nothing, during and around a refill.
    """
    length = max(window_hours, (QUIET_READINGS + 0.6) * interval_hours)
    count = len(hours)
    if count < 2 * QUIET_READINGS:
        return None
    stop = np.searchsorted(hours, hours + length + 1e-6)
    since, height = hours - hours[0], litres - litres.mean()
    columns = np.stack([np.ones(count), since, since**2, height, since * height, apart.astype(np.float64)])
    sums = np.concatenate([np.zeros((6, 1)), np.cumsum(columns, axis=1)], axis=1)
    number, time, square, level, product, bad = sums[:, stop] - sums[:, :count]
    whole = (hours[stop - 1] - hours > 0.85 * length) & (number >= QUIET_READINGS) & (bad == 0)
    if whole.sum() < max(QUIET_COVER * (span_hours - length) / interval_hours, 1):
        return None
    scale = number * square - time**2
    slopes = (number * product - time * level)[whole] / scale[whole]
    error = 24 * noise_litres * float(np.sqrt(np.median(number[whole] / scale[whole])))
    return Loss(-24 * float(slopes.max()), error)
