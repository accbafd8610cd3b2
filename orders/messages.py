"""What people are told at each step of an order. Pure; amounts in litres, times in the reader's zone."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Step:
    """One step and what its messages need. Neither `by_supplier` nor `by_customer`: the system, or an operator."""

    event: str
    number: str
    amount: float
    price: Decimal
    currency: str
    tank: str
    company: str
    former_company: str
    town: str
    notes: str
    auto: bool
    delivery: datetime | None
    delivered: float | None
    refunded: Decimal | None
    by_supplier: bool
    by_customer: bool


TYPES = {
    "placed": "order",
    "accepted": "order",
    "reoffered": "order",
    "scheduled": "delivery",
    "rescheduled": "reschedule",
    "departed": "delivery",
    "delivered": "delivery",
    "cancelled": "cancel",
    "unserved": "cancel",
}


def for_customer(step: Step, zone: tzinfo) -> str | None:
    """The customer is told every step, also their own: the message is the confirmation."""
    when = _when(step.delivery, zone)
    cost = f"{step.price:,.2f} {step.currency}"
    match step.event:
        case "placed" if step.auto:
            return (
                f"{step.tank} is running low, so {_liters(step.amount)} were ordered from {step.company} "
                f"for {cost} ({step.number})."
            )
        case "placed":
            return f"Order {step.number} is placed: {_liters(step.amount)} from {step.company} for {cost}."
        case "accepted":
            return f"{step.company} has accepted order {step.number}."
        case "reoffered":
            return (
                f"{step.former_company} cannot deliver order {step.number}; "
                f"it is now with {step.company}, for {cost}."
            )
        case "scheduled":
            return f"Order {step.number} comes on {when}."
        case "rescheduled":
            return f"The delivery of order {step.number} is moved to {when}."
        case "departed":
            return f"Order {step.number} is on its way."
        case "delivered":
            return f"{_liters(step.delivered or 0)} were delivered for order {step.number}: {cost}.{_refund(step)}"
        case "cancelled":
            return f"Order {step.number} is cancelled.{_reason(step)}{_refund(step)}"
        case "unserved":
            return (
                f"No supplier can deliver order {step.number}, so it is cancelled.{_refund(step)} "
                "Please order another amount or at another time."
            )
    return None


def for_supplier(step: Step, zone: tzinfo) -> str | None:
    """The supplier is told what it did not do itself; None: nothing to tell."""
    if step.by_supplier and step.event != "reoffered":
        return None
    match step.event:
        case "placed" | "reoffered":
            return (
                f"New order {step.number}: {_liters(step.amount)}{f' to {step.town}' if step.town else ''}."
            )
        case "rescheduled":
            return f"The delivery of order {step.number} is moved to {_when(step.delivery, zone)}."
        case "cancelled":
            return f"Order {step.number} was cancelled{' by the customer' if step.by_customer else ''}.{_reason(step)}"
    return None


def _liters(amount: float) -> str:
    return f"{amount:,.0f} L"


def _when(at: datetime | None, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%d %b %Y at %H:%M %Z}" if at else "a day to be agreed"


def _reason(step: Step) -> str:
    return f" Reason: {step.notes}" if step.notes else ""


def _refund(step: Step) -> str:
    return f" {step.refunded:,.2f} {step.currency} will be given back." if step.refunded else ""
