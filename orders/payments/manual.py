"""Money that passes outside the product: cash to the driver or a transfer. The supplier says when it has come."""

from decimal import Decimal

from notifications.models import Type
from notifications.services import notify
from orders.models import Order
from orders.payments.provider import Intent


class ManualProvider:
    def intent(self, *, order: Order) -> Intent:
        sum_ = f"{order.price:,.2f} {order.currency}"
        return Intent(
            provider="manual",
            reference=order.order_number,
            status="pending",
            amount=order.price,
            currency=order.currency,
            instructions=f"Pay {sum_} to the driver or by transfer, naming {order.order_number}.",
        )

    def refund(self, *, order: Order, amount: Decimal, key: str) -> None:
        """Asks the supplier, who has the money, to give it back."""
        if order.supplier_id:
            notify(
                user_id=order.supplier_id,
                type=Type.ORDER,
                message=f"Give back {amount:,.2f} {order.currency} to the customer of {order.order_number}.",
                key=key,
                related_model="order",
                related_id=order.pk,
            )
