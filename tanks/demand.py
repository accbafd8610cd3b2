"""What a household will draw in a day: level, weekday rhythm, scatter, memory, and whether anyone is at home.

Fitted from the last eight weeks of closed days, so its cost does not grow with history. The level is an
exponentially weighted mean whose memory is chosen by how well each candidate would have forecast the days
that followed (a bank of local-level models); weekday factors are shrunk by empirical Bayes; days away are
taken out. With little or no history it falls back on wide priors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tanks.usage import DayUse, home_days

Array = NDArray[np.float64]

PRIOR_DAYS_OF_SUPPLY = 12.0  # a tank is usually sized for about this many days
PRIOR_LEVEL_SD = 0.8  # of the logarithm of the daily use
PRIOR_SCATTER = 0.33
PRIOR_STRENGTH = 5.0  # days' worth of belief in the prior scatter
HALF_LIVES = np.array([5.0, 10.0, 20.0, 60.0])
HALF_LIFE_PRIOR = np.array([0.5, 1.0, 1.5, 1.0])
LONELY_SHARE = 0.04  # of capacity: a single day of so much use outweighs any number of days without
UNKNOWN_DAYS, UNKNOWN_SHARE = 14, 0.006  # so little use (of capacity a day) for so long may be a holiday
OUTLIER = 2.5  # residuals beyond this many standard deviations pull no harder
MOST_OWN = 0.5  # of the first day's part in its own level: what it deviates by is hardly known
GAP_WEIGHT = 0.4  # of a day whose use is an estimate


@dataclass(frozen=True, slots=True)
class Demand:
    """Daily use: litres on a usual day, and in relative terms all that is uncertain about it.

    `level_variance`: of the usual day's estimate; `walk_variance`: added by each day ahead; `scatter`:
    standard deviation of single days; `memory`: their correlation from day to day; `weekday`: seven factors,
    Monday first; `away_days`: how many days nobody has been at home.
    """

    litres: float
    level_variance: float
    walk_variance: float
    scatter: float
    memory: float
    weekday: tuple[float, ...]
    away_days: int


def demand_fit(days: Sequence[DayUse], *, capacity: float) -> Demand:
    """Fit the demand to the closed days (oldest first); none at all gives the prior."""
    prior = capacity / PRIOR_DAYS_OF_SUPPLY
    use = np.array([max(day.litres, 0.0) for day in days])
    home = home_days(use, floor=LONELY_SHARE * capacity)
    if not use.any() or (len(use) <= UNKNOWN_DAYS and float(use.max()) < UNKNOWN_SHARE * capacity):
        return Demand(prior, PRIOR_LEVEL_SD**2, 0.0, PRIOR_SCATTER, 0.1, (1.0,) * 7, len(use))
    usual = float(np.median(use[home]))
    away_days = int(np.argmax(home[::-1]))
    weight = np.where([day.estimated for day in days], GAP_WEIGHT, 1.0) * home
    weekdays = np.array([(day.ordinal - 1) % 7 for day in days])
    factors, own = _weekday_factors(use, weight, weekdays)
    flat = use / factors[weekdays]
    flat = np.where(home, flat, usual)
    return _local_level(flat, weight, factors, own[weekdays], prior, away_days)


def _weekday_factors(use: Array, weight: Array, weekdays: NDArray[np.int64]) -> tuple[Array, Array]:
    """Seven factors around 1, shrunk towards it as far as chance alone could explain their spread.

    With them, how much of each a single day of its own makes.
    """
    if weight.sum() < 12:
        return np.ones(7), np.zeros(7)
    age = np.arange(len(use))
    kernel = np.exp(-np.abs(age[:, None] - age[None, :]) / 10.0) * weight[None, :]
    ratio = use / np.maximum(kernel @ use / np.maximum(kernel.sum(axis=1), 1e-9), 1e-9)
    ratio = np.clip(ratio, 0.0, 2.5)
    count = np.bincount(weekdays, weight, 7)
    mean = np.bincount(weekdays, weight * ratio, 7) / np.maximum(count, 1e-9)
    mean = np.where(count > 0, mean, 1.0)
    residual = ratio - mean[weekdays]
    within = float((weight * residual**2).sum() / max(weight.sum() - 7, 3.0))
    known = count > 0
    chance = float(np.mean(within / count[known]))
    between = max(float(np.var(mean[known])) - chance, 0.0)
    shrunk = between / (between + within / np.maximum(count, 0.25) + 1e-9)
    factors: Array = np.clip(1 + shrunk * (mean - 1), 0.1, 3.0)
    return factors / factors.mean(), shrunk / np.maximum(count, 1.0)


def _local_level(
    flat: Array, weight: Array, factors: Array, own: Array, prior: float, away_days: int
) -> Demand:
    days = len(flat)
    usual = float(np.median(flat[weight > 0]))
    scatter = _scatter(flat[weight > 0] / usual - 1)
    pull = np.clip(flat, usual * (1 - OUTLIER * scatter), usual * (1 + OUTLIER * scatter))
    age = np.arange(days)
    lag = age[:, None] - age[None, :]
    kernel = np.where(lag >= 0, 0.5 ** (np.maximum(lag, 0)[None] / HALF_LIVES[:, None, None]), 0.0)
    past = kernel * weight
    mass = past.sum(axis=2)
    # a little belief in the median keeps the first days' candidates comparable
    mean = (past @ pull + 0.5 * usual) / (mass + 0.5)
    trust = _trust(mean, pull, weight, usual)
    level = float(trust @ mean[:, -1])
    # a day's own part in the level and the factor it is held against hides as much of its deviation
    own = np.minimum(own + trust @ (weight / (mass + 0.5)), MOST_OWN)
    residual = ((flat / np.maximum((trust @ mean), 1e-9) - 1) / np.sqrt(1 - own))[weight > 0]
    scatter = _scatter(residual)
    gain = 1 - 0.5 ** (1 / HALF_LIVES)
    walk = float(trust @ (gain**2 / (1 - gain))) * scatter**2
    effective = mass[:, -1] ** 2 / np.maximum((past[:, -1] * kernel[:, -1]).sum(axis=1), 1e-9)
    memory = _memory(residual)
    # days that resemble each other say less about the level than as many independent ones
    repeat = (1 + memory) / (1 - memory)
    estimate = float(trust @ (1 / np.maximum(effective, 0.3))) * scatter**2 * repeat
    walk *= min(days / 20, 1.0)
    prior_precision, precision = 1 / PRIOR_LEVEL_SD**2, 1 / max(estimate, 1e-6)
    share = precision / (precision + prior_precision)
    litres = float(np.exp(share * np.log(max(level, 0.5)) + (1 - share) * np.log(prior)))
    return Demand(
        litres,
        1 / (precision + prior_precision),
        walk,
        scatter,
        memory,
        tuple(factors.tolist()),
        away_days,
    )


def _scatter(residual: Array) -> float:
    """Standard deviation of single days around the level, drawn towards the prior while days are few."""
    count = len(residual)
    clipped = np.clip(residual, -1.0, 1.5)
    total = PRIOR_STRENGTH * PRIOR_SCATTER**2 + float((clipped**2).sum())
    return float(np.sqrt(total / (PRIOR_STRENGTH + count)))


def _trust(mean: Array, flat: Array, weight: Array, usual: float) -> Array:
    """How far to believe each half-life, by the squared errors it would have made two and five days ahead."""
    score = np.zeros(len(HALF_LIVES))
    days = flat.shape[0]
    for ahead in (1, 3):
        if days > ahead + 5:
            error = (flat[None, ahead:] - mean[:, : days - ahead])[:, 4:] / usual
            both = weight[ahead:][4:] * weight[: days - ahead][4:]
            score += (both * error**2).mean(axis=1)
    if not score.any():
        return HALF_LIFE_PRIOR / HALF_LIFE_PRIOR.sum()
    likelihood = HALF_LIFE_PRIOR * np.exp(-0.5 * days * (score / score.min() - 1))
    return likelihood / likelihood.sum()


def _memory(residual: Array) -> float:
    """Correlation of one day with the next, shrunk towards a little.

    That of a few days around their own mean comes out too low by (1 + 3 r) / n (Kendall 1954).
    """
    if len(residual) < 6:
        return 0.1
    total = float((residual**2).sum()) + 1e-9
    seen = float((residual[1:] * residual[:-1]).sum()) / total
    count = len(residual)
    likely = seen + (1 + 3 * seen) / count
    return float(np.clip((likely * count + 0.1 * 15) / (count + 15), 0.0, 0.7))
