"""How much more a home lost in its last nights than it does without a leak.

Each night is measured in three ways. What each shows without a leak (small drops, the sensor's noise and its daily
temperature wave) is the home's baseline, the median of its own earlier nights; a loss must stand out from it in all
ways together, each weighed by the home's own spread in it. Guests draw more at night as by day, so the baseline
grows with the day's use. Rates are litres a day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, hypot, log, sqrt

from tanks.steady import Loss

GUESS_NIGHTS, SPREAD_NIGHTS = 2.0, 6.0  # the weight of what is guessed of the baseline, and of its spread
USE_SPREAD = 0.03  # of the daily use, between nights, by that guess
MEASURED_SHARE = 0.5  # of the nights, by each way
LEAST_SPREAD = 0.4  # of a slope's error
# of the baseline, by which it may have moved since, and by which guests may draw at night as they do not by day
BASE_DOUBT, GUEST_DOUBT = 0.2, 0.7
DRAWN_SHARE = 0.8  # of the loss must be found in what the day drew
FEWEST_BEFORE = 3  # nights of the same kind that make a baseline
AWAY_SHARE, AWAY_LITERS = 0.15, 15.0  # of the usual use, and litres a day: nobody is at home


@dataclass(frozen=True, slots=True)
class Guess:
    """What noise alone makes of a way of measuring, in standard errors: its middle, and its spread between nights."""

    bias: float
    spread: float


# the gentlest of many noisy slopes is gentler than the truth
WAYS = {"night": Guess(0.0, 1.0), "quiet": Guess(-1.2, 1.1), "day": Guess(0.0, 1.25)}


@dataclass(frozen=True, slots=True)
class Night:
    """One night: date, and its loss measured in three ways (`tanks.nights`; None: could not be, or not yet).

    `night`: the steady loss from evening to morning; `quiet`: the gentlest hours between; `day`: the steady loss of the
    calendar day that began with it, to its afternoon; `drawn`: litres of that day.
    """

    ordinal: int
    night: Loss | None
    quiet: Loss | None
    day: Loss | None = None
    drawn: float | None = None


@dataclass(frozen=True, slots=True)
class Excess:
    """A loss over the baseline, litres a day: the likeliest by all ways together; its score in standard deviations,
    the baseline, and the nights that it is known from."""

    litres: float
    score: float
    base: float
    known: int


def excess(
    nights: Sequence[Night], count: int, *, least: float, daily_litres: float, whole_day: bool = False
) -> Excess | None:
    """Loss over the baseline in the last `count` nights. `whole_day`: their days must have been seen, too.

    None where a way cannot tell, or shows less than `least` litres a day, or the day's use speaks against it.
    """
    recent, before = nights[-count:], nights[:-count]
    if len(recent) < count or recent[-1].ordinal - recent[0].ordinal > count + 2:
        return None
    least_use = max(AWAY_SHARE * daily_litres, AWAY_LITERS)
    yesterday = before[-1].drawn if before else None
    away = all(_drawn(night, yesterday, daily_litres) < least_use for night in recent)
    # the night somebody comes home looks like one away until its day is over: it must not stand alone
    if away and count == 1:
        return None
    alike = [night for night in before if (_drawn(night, None, daily_litres) < least_use) == away]
    if len(alike) < FEWEST_BEFORE:
        return None
    more = [max(_drawn(night, None, daily_litres) / daily_litres, 1.0) for night in alike]
    told = []
    for name, guess in WAYS.items():
        way = _way(
            [getattr(night, name) for night in recent],
            [getattr(night, name) for night in alike],
            more,
            daily_litres,
            guess=guess,
        )
        if way is None:
            if whole_day or name != "day":
                return None
        elif way.above() < least:
            return None
        else:
            told.append(way)
    latest = next((n.drawn for n in reversed(nights) if n.drawn is not None), daily_litres)
    uses = [_drawn(night, max(latest, daily_litres), daily_litres) / daily_litres for night in recent]
    # the leak itself adds to the day's use: it is no guest
    own = max(min(way.above() for way in told), 0.0) / daily_litres
    busy = [max(min(use, max(use - own, 1.0)), 1.0) for use in uses]
    found = [way.loss(busy) for way in told]
    weight = sum(1 / spread**2 for _, spread in found)
    litres = sum(loss / spread**2 for loss, spread in found) / weight
    shown = min(loss for loss, _ in found)
    seen = [night.drawn for night in recent if night.drawn is not None]
    if shown < least or (seen and sum(seen) / len(seen) < DRAWN_SHARE * shown):
        return None
    return Excess(litres, litres * sqrt(weight), max(told[0].base, 0.0), len(alike))


def _drawn(night: Night, otherwise: float | None, usual: float) -> float:
    if night.drawn is not None:
        return night.drawn
    return usual if otherwise is None else otherwise


@dataclass(frozen=True, slots=True)
class Way:
    """One way of measuring the recent nights: their rates, the home's baseline and the spread of a night."""

    rates: Sequence[float | None]
    base: float
    spread: float
    known: int

    def above(self) -> float:
        """Litres a day over the baseline, as if nobody were guest."""
        over = [max(rate - self.base, -3 * self.spread) for rate in self.rates if rate is not None]
        return sum(over) / len(over)

    def loss(self, busy: Sequence[float]) -> tuple[float, float]:
        """Litres a day over the baseline, and their standard deviation. `busy`: what guests make of each night."""
        seen = [(rate, more) for rate, more in zip(self.rates, busy, strict=True) if rate is not None]
        over = [
            (max(rate - self.base * (more if self.base > 0 else 1.0), -3 * self.spread * more), more)
            for rate, more in seen
        ]
        ordered = sorted(loss for loss, _ in over)
        middle = _quantile(ordered, 0.5) if len(ordered) > 2 else ordered[0]
        mean = sum(min(loss, middle + self.spread * more) for loss, more in over) / len(over)
        crowd = sum(more for _, more in over) / len(over)
        own = self.spread * sqrt(crowd * (1 / len(over) + 1 / (self.known + 1.5)))
        doubt = BASE_DOUBT + GUEST_DOUBT * (crowd - 1)
        return mean, hypot(own, doubt * max(self.base, 0.0))


def _way(
    recent: Sequence[Loss | None],
    alike: Sequence[Loss | None],
    busy: Sequence[float],
    daily_litres: float,
    *,
    guess: Guess,
) -> Way | None:
    """What is usual is guessed from the errors until enough is known; None if too few nights could be measured.

    `busy`: what guests made of each of the nights `alike`, in which the rates are seen relative to it.
    """
    now = [loss for loss in recent if loss]
    if len(now) < max(MEASURED_SHARE * len(recent), 1):
        return None
    error = sum(loss.error for loss in now) / len(now)
    known = sorted(loss.rate / more for loss, more in zip(alike, busy, strict=True) if loss)
    base = guess.bias * error
    spread = hypot(guess.spread * error, USE_SPREAD * daily_litres) + 1e-6
    if len(known) >= 2:
        usual = sum(loss.error for loss in alike if loss) / len(known)
        middle, high, higher = (_quantile(known, share) for share in (0.5, 0.84, 0.95))
        # a part of a night is measured less well than the whole ones before
        above = max(high - middle, (higher - middle) / 1.645) * max(error / usual, 1.0)
        trust = len(known) / (len(known) + GUESS_NIGHTS)
        base = trust * middle + (1 - trust) * base
        trust = len(known) / (len(known) + SPREAD_NIGHTS)
        spread = exp(trust * log(max(above, LEAST_SPREAD * error)) + (1 - trust) * log(spread))
    return Way([loss.rate if loss else None for loss in recent], base, spread, len(known))


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Of values in order, linear between them (numpy's takes longer than all the rest for so few)."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])
