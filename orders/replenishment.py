"""When to order, and how much: a decision that explains itself. Pure; the same inputs decide the same.

Water is ordered when the chance of running dry before the earliest delivery exceeds the risk the customer
accepts, or, as a backstop that needs no forecast, when the level is at or below the tank's low-water threshold. A
reading that is doubtful, stale or late never orders.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from math import floor
from typing import Any, Literal, Protocol

Rule = Literal["low_water", "forecast"]

RISK = 0.0005  # a run-out in two thousand decisions to wait: under one in a thousand weeks of a tank
FRESH = timedelta(hours=24)
SMALL = 10.0  # litres: less is not rounded to whole ones
ROUNDING = 1e-6  # litres, lost to arithmetic
AHEAD = timedelta(minutes=5)  # a reading from further in the future is a wrong clock's


class EmptyForecast(Protocol):
    """What a decision needs of a forecast (`tanks.forecast.Forecast` has it)."""

    @property
    def made_at(self) -> float:
        """Seconds since the epoch."""

    def chance_empty_within(self, days: float) -> float:
        """Probability of an empty tank within so many days of `made_at`."""


@dataclass(frozen=True, slots=True)
class TankFacts:
    """The tank and its newest believed reading. Litres, percent of capacity, aware datetimes."""

    capacity: float
    low_water_threshold: float
    level: float
    read_at: datetime
    quality: str = "good"
    has_open_order: bool = False
    safe_fill: float = 95.0  # percent


@dataclass(frozen=True, slots=True)
class Supply:
    """What suppliers offer: days from order to drop, and from how many litres on each price begins."""

    lead_days: float
    price_tiers: Sequence[tuple[float, float]] = ()  # (least litres, price a litre), any order
    smallest: float = 1.0
    largest: float | None = None


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the customer wants: accepted risk of a run-out, pauses (both days included), monthly limit."""

    risk: float = RISK
    paused: Sequence[tuple[date, date]] = ()
    monthly_limit_liters: float | None = None
    ordered_this_month_liters: float = 0.0
    largest_usual_fill: float = 95.0  # percent: how full a forecast order fills the tank


@dataclass(frozen=True, slots=True)
class Decision:
    """Order `amount` litres if `order`; `why` holds the readings, the rule and the numbers, or the obstacle."""

    order: bool
    amount: float
    why: dict[str, Any] = field(default_factory=dict)


def decide(
    *, tank: TankFacts, forecast: EmptyForecast | None, supply: Supply, wishes: Wishes, now: datetime
) -> Decision:
    """Order now, or not; never more than fits, the month allows or the supplier brings."""
    why: dict[str, Any] = {
        "level": round(tank.level, 2),
        "readAt": tank.read_at.isoformat(),
        "volumeLiters": round(tank.level / 100 * tank.capacity, 1),
        "capacity": tank.capacity,
        "lowWaterThreshold": tank.low_water_threshold,
        "safeFillPercent": tank.safe_fill,
        "leadDays": supply.lead_days,
    }
    obstacle = _obstacle(tank, wishes, now)
    if obstacle:
        return Decision(False, 0.0, {**why, "rule": None, "held": obstacle})
    chance = _chance(forecast, supply, now)
    if chance is not None:
        why |= {"runOutChance": round(chance, 5), "acceptedRisk": wishes.risk}
    rule = _rule(tank, wishes, chance)
    if rule is None:
        return Decision(False, 0.0, {**why, "rule": None, "held": "not_due"})
    amount, limits = _amount(tank, supply, wishes)
    why |= {"rule": rule, "limits": limits}
    if amount <= 0:
        return Decision(False, 0.0, {**why, "held": limits[-1] if limits else "no_space"})
    return Decision(True, amount, {**why, "amount": amount})


def _obstacle(tank: TankFacts, wishes: Wishes, now: datetime) -> str | None:
    if tank.has_open_order:
        return "order_open"
    if tank.quality != "good":
        return "level_doubtful"
    if now - tank.read_at > FRESH or tank.read_at - now > AHEAD:
        return "level_stale"
    if any(first <= now.date() <= last for first, last in wishes.paused):
        return "paused"
    return None


def _chance(forecast: EmptyForecast | None, supply: Supply, now: datetime) -> float | None:
    """Chance of running dry before water can come; None without a forecast of the last two days."""
    if forecast is None:
        return None
    age = (now.timestamp() - forecast.made_at) / 86400.0
    if not -0.01 <= age <= 2.0:
        return None
    return forecast.chance_empty_within(max(age, 0.0) + supply.lead_days)


def _rule(tank: TankFacts, wishes: Wishes, chance: float | None) -> Rule | None:
    if tank.level <= tank.low_water_threshold:
        return "low_water"
    return "forecast" if chance is not None and chance > wishes.risk else None


def _amount(tank: TankFacts, supply: Supply, wishes: Wishes) -> tuple[float, list[str]]:
    """Litres up to the safe fill as it is now, within every limit, and which limits told; whole ones but for
    the smallest tanks.

    Dropping to a cheaper tier's least amount is not needed: the fill is already the most that fits.
    """
    limits: list[str] = []
    space = (min(tank.safe_fill, wishes.largest_usual_fill) - tank.level) / 100 * tank.capacity
    amount: float = floor(space + ROUNDING) if space >= SMALL else round(space, 3)
    if wishes.monthly_limit_liters is not None:
        left = floor(wishes.monthly_limit_liters - wishes.ordered_this_month_liters)
        if left < amount:
            amount, limits = left, [*limits, "monthly_limit"]
    if supply.largest is not None and supply.largest < amount:
        amount, limits = floor(supply.largest), [*limits, "largest_delivery"]
    least = max(supply.smallest, min((at for at, _ in supply.price_tiers), default=0.0))
    if amount < least:
        return 0.0, [*limits, "below_smallest_delivery"]
    return float(amount), limits
