"""What water costs: a supplier's price tiers. Pure; money is Decimal, rounded half up to the cent."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Tier:
    """`price_per_liter` for drops from `min_volume` to `max_volume` litres (None: no end)."""

    min_volume: float
    max_volume: float | None
    price_per_liter: Decimal


@dataclass(frozen=True, slots=True)
class Price:
    price_per_liter: Decimal
    total: Decimal


def tier_of(tiers: Sequence[Tier], liters: float) -> Tier | None:
    """The tier that `liters` falls in, None outside every tier: the supplier cannot serve that amount.

    A tier's end belongs to the next tier where one begins there, else to the tier itself: with tiers up to
    1,000 and up to 5,000 litres, 1,000 is of the second and 5,000 can still be had.
    """
    within = [t for t in tiers if t.min_volume <= liters and (t.max_volume is None or liters < t.max_volume)]
    at_the_end = [t for t in tiers if t.min_volume <= liters and liters == t.max_volume]
    return min(within or at_the_end, key=lambda tier: tier.price_per_liter, default=None)


def price_of(tiers: Sequence[Tier], liters: float) -> Price | None:
    """The price of a drop of `liters`; None where no tier serves it."""
    tier = tier_of(tiers, liters) if liters > 0 else None
    return Price(tier.price_per_liter, total(liters, tier.price_per_liter)) if tier else None


def total(liters: float, price_per_liter: Decimal) -> Decimal:
    """Litres times price, to the cent. A float counts as what it prints as: 0.1 L is a tenth."""
    return (Decimal(str(liters)) * price_per_liter).quantize(CENT, rounding=ROUND_HALF_UP)


def billed(*, ordered: float, delivered: float, price_per_liter: Decimal) -> Decimal:
    """What a delivery costs: the litres delivered, at the price agreed, but never more than was ordered."""
    return total(min(ordered, delivered), price_per_liter)


def servable(tiers: Sequence[Tier], liters: float) -> float | None:
    """The largest amount up to `liters` that some tier serves, None if there is none."""
    if price_of(tiers, liters):
        return liters
    ends = (t.max_volume for t in tiers if t.max_volume is not None and t.max_volume <= liters)
    return max((end for end in ends if price_of(tiers, end)), default=None)
