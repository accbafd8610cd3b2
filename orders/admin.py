"""Orders for operators, to read: what changes them are the steps of their states, in the API."""

from django.contrib import admin

from common.admin import ReadOnlyAdmin, shown
from orders.models import Order


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    list_display = (
        "order_number",
        "status",
        "amount",
        "price",
        "currency",
        "payment_status",
        "auto",
        "order_date",
    )
    list_filter = ("status", "payment_status", "auto")
    search_fields = ("order_number", "postal_code", "invoice_number")
    search_help_text = "By order number, invoice number or postal code"
    ordering = ("-order_date",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "order_number",
                    "status",
                    "auto",
                    "order_date",
                    "customer_id",
                    "carrier_id",
                    "of_tank",
                )
            },
        ),
        (
            "Delivery",
            {
                "fields": (
                    "amount",
                    "delivered_liters",
                    "measured_liters",
                    "requested_date",
                    "scheduled_delivery_date",
                    "actual_delivery_date",
                    "postal_code",
                    "delivery_notes",
                    "driver_name",
                    "driver_notes",
                )
            },
        ),
        (
            "Payment",
            {
                "fields": (
                    "price",
                    "price_per_liter",
                    "currency",
                    "invoice_number",
                    "payment_status",
                    "shown_payment",
                )
            },
        ),
        ("History", {"fields": ("shown_history", "shown_why", "shown_review")}),
    )
    shown_payment = shown("payment")
    shown_history = shown("status_history", "history")
    shown_why = shown("why", "why it was ordered")
    shown_review = shown("review")
    readonly_fields = (
        "customer_id",
        "carrier_id",
        "of_tank",
        "shown_payment",
        "shown_history",
        "shown_why",
        "shown_review",
    )

    # By id: orders outlive people, tanks and suppliers.
    @admin.display(description="customer")
    def customer_id(self, order: Order) -> str:
        return str(order.user_id)

    @admin.display(description="supplier")
    def carrier_id(self, order: Order) -> str:
        return str(order.supplier_id or "–")

    @admin.display(description="tank")
    def of_tank(self, order: Order) -> str:
        return str(order.tank_id)
