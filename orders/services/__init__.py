"""What can be done to orders. Keyword-only; every change is one conditional update of one document."""

from orders.services.cancelling import order_cancel, order_reschedule
from orders.services.declining import order_reject
from orders.services.placing import order_place
from orders.services.progress import (
    order_accept,
    order_deliver,
    order_depart,
    order_schedule,
    order_transition,
)
from orders.services.quoting import Offer, quote
from orders.services.reviewing import order_review

__all__ = [
    "Offer",
    "order_accept",
    "order_cancel",
    "order_deliver",
    "order_depart",
    "order_place",
    "order_reject",
    "order_reschedule",
    "order_review",
    "order_schedule",
    "order_transition",
    "quote",
]
