"""What a payment provider can do."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from orders.models import Order


@dataclass(frozen=True, slots=True)
class Intent:
    """How an order is going to be paid.

    `status` is `pending` while the money is awaited; `instructions` is for the person who pays.
    """

    provider: str
    reference: str
    status: str
    amount: Decimal
    currency: str
    instructions: str


class Provider(Protocol):
    """Both methods may be called again for the same order and must then do nothing new."""

    def intent(self, *, order: Order) -> Intent:
        """Prepares the payment of the order's price."""

    def refund(self, *, order: Order, amount: Decimal, key: str) -> None:
        """Gives `amount` back, once for each `key`."""
