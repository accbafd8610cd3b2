"""The steady loss behind a stretch of levels: every rate is weighed by how likely it makes them.

Between two readings the volume falls by the loss and, now and then, by a draw of any size. A forward filter carries
the distribution of the hidden volume from reading to reading, for all rates at once: along each rate the volume
stays, or falls further by a draw, and the next reading, which is the volume and noise, makes some of it likelier.
Many small draws and noise are told from a loss by the whole stretch, not one by one. Hours, litres, litres a day.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FEWEST_READINGS = 6
SHORTEST_HOURS = 1.8
SPACING_HOURS = 0.25  # readings closer together are averaged: they cost, and say little more
DRAWS_AN_HOUR, DRAW_NOISES = 0.8, 8.0  # how often a household draws at rest, and by how many noises
CELL, REACH = 0.5, 8  # of the grid of volumes: noises in a cell, and cells to either side of a reading
CELLS = np.arange(2 * REACH + 1)
RISE = 1e-9  # what is left to a volume that no loss and no draw leads to: a wave, say, or a wild echo
FARTHEST = 4000  # cells, beyond which a draw is as likely as at it
STRAY = 1e-4  # the likelihood that is left to a reading far from everything
# noises an hour: a warm afternoon makes levels fall and rise without a loss; beyond the last nothing is a doubt
RATES = np.concatenate([np.arange(-1.5, 1.01, 0.25), np.geomspace(1.3, 14.0, 11)])
RATE_STEPS = np.gradient(RATES)


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss rate and its standard error, litres a day."""

    rate: float
    error: float


def steady_loss(hours: Array, litres: Array, *, noise_litres: float) -> Loss | None:
    """The likeliest steady loss over these readings, refills left out; None if too few."""
    if len(hours) < FEWEST_READINGS or hours[-1] - hours[0] < SHORTEST_HOURS:
        return None
    noise = max(noise_litres, 1e-3)
    few = round(SPACING_HOURS / max(float(np.median(np.diff(hours))), 1e-3))
    if few > 1 and len(hours) >= few * FEWEST_READINGS:
        whole = len(hours) // few * few
        hours, litres = (values[:whole].reshape(-1, few).mean(axis=1) for values in (hours, litres))
        noise /= sqrt(few)
    chance = log_likelihood(hours, litres / noise)
    weight = np.exp(chance - chance.max()) * RATE_STEPS
    weight /= weight.sum()
    rate = float(weight @ RATES)
    spread = sqrt(float(weight @ (RATES - rate) ** 2) + 1e-4)
    return Loss(24 * noise * rate, 24 * noise * spread)


def log_likelihood(hours: Array, levels: Array) -> Array:
    """Of each of RATES. `levels`: in standard deviations of their noise."""
    rows = len(RATES)
    lifted = (levels[:, None] + np.outer(hours - hours[0], RATES)) / CELL
    centre = np.round(lifted)
    off = ((centre - lifted + REACH)[:, :, None] - CELLS) * CELL
    seen = np.exp(-0.5 * off * off) + STRAY
    moved = (centre[:-1] - centre[1:]).astype(np.intp)
    wide = len(CELLS) + 2  # a cell of nothing before, and one behind for all that lies beyond
    source = np.clip(CELLS + moved[:, :, None], -1, len(CELLS)) + (1 + wide * np.arange(rows)[:, None])
    draw = -np.expm1(-DRAWS_AN_HOUR * np.diff(hours))
    decay = CELL / DRAW_NOISES
    grow, shrink = np.exp(decay * CELLS), -np.expm1(-decay) * np.exp(-decay * CELLS)
    drawn = draw[:, None] * np.exp(-decay * np.clip(moved, -len(CELLS), FARTHEST))
    reaches, remains = drawn[:, :, None] * shrink, (1 - draw).tolist()
    stays, falls = np.zeros((rows, wide)), np.zeros((rows, wide))
    stays_inside, falls_inside = stays[:, 1:-1], falls[:, 1:-1]
    here = seen[0] / seen[0].sum(axis=1, keepdims=True)
    totals = np.empty((len(hours) - 1, rows))
    for step, (origin, reach, remain) in enumerate(zip(source, reaches, remains, strict=True)):
        np.multiply(here, remain, out=stays_inside)
        here *= grow
        here.cumsum(axis=1, out=falls_inside)
        falls[:, -1] = falls[:, -2]
        here = falls.take(origin, mode="clip")
        here *= reach
        here += stays.take(origin, mode="clip")
        here += RISE
        here *= seen[step + 1]
        total = np.add.reduce(here, axis=1, out=totals[step])
        here /= total[:, None]
    likelihoods: Array = np.log(totals).sum(axis=0)
    return likelihoods
