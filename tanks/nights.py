"""What a tank lost while the household rested, measured in two ways that fail differently.

`line_loss`: a straight line through the night's levels, with the visible draws (a toilet is a step) fitted and
left out; precise, but a night of small draws deceives it. `quiet_loss`: the gentlest slope of any four hours of a
day; a household rests somewhere, a leak does not. Rates are litres a day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tanks.usage import HOUR, RefillSpan

Array = NDArray[np.float64]

NIGHT_FROM, NIGHT_TO = -2.0, 6.0  # local hours
FEWEST_READINGS = 4
SHORTEST_HOURS = 1.8
# times the noise, and of capacity: such counts show a slow loss as steps, hours apart
COARSE, COARSE_SHARE = 2.5, 0.004
COARSE_HOURS = 10.0
COUNT_NOISE = 12**0.5  # the standard deviation of what is anywhere within a count, the other way up
STEP_SCORE = 11.0  # squared standard errors that a step must explain to count as a draw
MOST_STEPS = 8
QUIET_HOURS, STILL_HOURS = 4.0, 2.0  # windows for the gentlest slope: precise, and short
QUIET_READINGS = 5  # in each window
QUIET_COVER = 0.45  # of the windows must be whole, away from refills and gaps
REFILL_MARGIN = 3600.0  # seconds around a refill in which water moves


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss rate and its standard error, litres a day."""

    rate: float
    error: float


def night_loss(
    times: Array,
    litres: Array,
    spans: Sequence[RefillSpan],
    *,
    midnight: float,
    noise_litres: float,
    capacity: float,
) -> Loss | None:
    """`line_loss` of the night after `midnight` (seconds); None if water came in."""
    count_litres = _coarse(litres, noise_litres, capacity)
    hours = (times - midnight) / HOUR
    night = (hours >= NIGHT_FROM) & (hours < NIGHT_TO)
    if _apart(times, spans)[night].any():
        return None
    return line_loss(
        hours[night],
        litres[night],
        noise_litres=max(noise_litres, count_litres / COUNT_NOISE),
        count_litres=count_litres,
    )


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
    window_hours: float,
) -> Loss | None:
    """`quiet_loss` of the hours between two times (seconds). `interval`: seconds between readings."""
    part = times >= since
    count_litres = _coarse(litres, noise_litres, capacity)
    if count_litres:
        window_hours = max(window_hours, COARSE_HOURS)
    return quiet_loss(
        (times[part] - since) / HOUR,
        litres[part],
        apart=_apart(times, spans)[part],
        noise_litres=max(noise_litres, count_litres / COUNT_NOISE),
        interval_hours=interval / HOUR,
        span_hours=(until - since) / HOUR,
        window_hours=window_hours,
    )


def _coarse(litres: Array, noise_litres: float, capacity: float) -> float:
    """Litres in one count of a sensor whose noise is no more than its counting; 0 for all others."""
    counts = np.diff(np.unique(litres))
    count = float(counts.min()) if len(counts) else 0.0
    return count if count > max(COARSE * noise_litres, COARSE_SHARE * capacity) else 0.0


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


def line_loss(hours: Array, litres: Array, *, noise_litres: float, count_litres: float = 0.0) -> Loss | None:
    """Loss over a night's readings, visible draws left out; None if too few.

    `count_litres`: of a coarse sensor, whose single counts are no draws.
    """
    if len(hours) < FEWEST_READINGS or hours[-1] - hours[0] < SHORTEST_HOURS:
        return None
    noise = max(noise_litres, 1e-3)
    count = len(hours)
    columns = np.stack([np.ones(count), hours - hours.mean()], axis=1)
    steps = np.tril(np.ones((count, count)))[:, 1:]
    steps = steps[:, 1:-1] if count > 6 else steps
    for _ in range(min(MOST_STEPS, count // 4)):
        basis, _ = np.linalg.qr(columns)
        residual = litres - basis @ (basis.T @ litres)
        free = steps - basis @ (basis.T @ steps)
        size = (free**2).sum(axis=0)
        fall = -(free.T @ residual)
        score = np.where((size > 1e-6) & (fall > 0), fall**2 / np.maximum(size, 1e-6), 0.0)
        best = int(np.argmax(score)) if len(score) else 0
        if not len(score) or score[best] < STEP_SCORE * noise**2:
            break
        if fall[best] / size[best] < 1.5 * count_litres:
            break
        columns = np.concatenate([columns, steps[:, best : best + 1]], axis=1)
    coefficients = np.linalg.lstsq(columns, litres, rcond=None)[0]
    error = 24 * noise / float(np.sqrt((columns[:, 1] ** 2).sum()))
    # water does not rise at night: a rising line is noise, or made by the steps beside it
    return Loss(max(-24 * float(coefficients[1]), -error), error)
