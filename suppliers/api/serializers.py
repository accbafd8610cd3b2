"""Shapes of the supplier's API. Inputs are strict; outputs are read from the selectors."""

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from common.api.fields import (
    ChoiceField,
    FlagField,
    InstantField,
    LineField,
    LitersField,
    MoneyField,
    NumberField,
    ObjectIdField,
    TextField,
    WholeNumberField,
)
from orders.api.serializers import MAX_LITERS, NOTES, CustomerSerializer, OrderTankLevelSerializer
from orders.models import PaymentStatus, Status
from suppliers import crew
from suppliers.models import Driver, Vehicle


class StatusInputSerializer(serializers.Serializer):
    status = ChoiceField(choices=Status.choices)
    notes = TextField(max_length=NOTES, required=False, blank=True)
    scheduled_delivery_date = InstantField(
        required=False,
        help_text="with `scheduled`; else the date agreed before, the one wished, or the earliest possible",
    )
    driver_id = ObjectIdField(required=False, help_text="with `scheduled` and `in_transit`")
    delivered_liters = LitersField(
        required=False,
        min_value=0.001,
        max_value=MAX_LITERS,
        help_text="with `delivered`; else all that was ordered",
    )


class PaymentInputSerializer(serializers.Serializer):
    payment_status = ChoiceField(choices=[(PaymentStatus.PAID.value, "Paid")])


class CustomerTankSerializer(serializers.Serializer):
    id = ObjectIdField()
    name = LineField(max_length=100, blank=True)
    capacity = NumberField(help_text="litres")
    low_water_threshold = NumberField(help_text="percent")
    current_level = OrderTankLevelSerializer(allow_null=True)


class SupplierCustomerSerializer(CustomerSerializer):
    order_count = WholeNumberField()
    open_orders = WholeNumberField()
    delivered_liters = NumberField()
    last_order_date = InstantField()
    tanks = CustomerTankSerializer(many=True, help_text="those the supplier has been asked to fill")


class DashboardSerializer(serializers.Serializer):
    orders_by_status = serializers.DictField(child=WholeNumberField())
    to_answer = WholeNumberField(help_text="offered and not yet accepted or declined")
    deliveries_today = WholeNumberField(help_text="planned for today (UTC) and not yet delivered")
    delivered_today = WholeNumberField()
    late = WholeNumberField(help_text="planned for a time that has passed")
    delivered_last30_days = WholeNumberField()
    liters_last30_days = NumberField()
    revenue_last30_days = MoneyField(limit=Decimal(10**15))
    currency = LineField(max_length=3)
    customers = WholeNumberField()
    low_tanks = WholeNumberField(help_text="customers' tanks at or below their low-water threshold")
    rating = NumberField(allow_null=True)
    rating_count = WholeNumberField()
    avg_response_time = NumberField(allow_null=True, help_text="hours from offer to answer")


class DriverSerializer(serializers.Serializer[Driver]):
    tells_all = True

    id = ObjectIdField(read_only=True)
    name = LineField(max_length=150)
    phone = LineField(max_length=32, required=False, blank=True)
    active = FlagField(required=False)
    created_at = InstantField(read_only=True)
    updated_at = InstantField(read_only=True)

    def create(self, fields: dict[str, Any]) -> Driver:
        return crew.driver_create(**fields)

    def update(self, driver: Driver, fields: dict[str, Any]) -> Driver:
        return crew.driver_update(driver=driver, **fields)


class VehicleSerializer(serializers.Serializer[Vehicle]):
    tells_all = True

    id = ObjectIdField(read_only=True)
    name = LineField(max_length=100)
    plate = LineField(max_length=20, required=False, blank=True)
    capacity_liters = LitersField(min_value=0.001, max_value=MAX_LITERS)
    driver_id = ObjectIdField(required=False, allow_null=True)
    active = FlagField(required=False)
    created_at = InstantField(read_only=True)
    updated_at = InstantField(read_only=True)

    def create(self, fields: dict[str, Any]) -> Vehicle:
        return crew.vehicle_create(**fields)

    def update(self, vehicle: Vehicle, fields: dict[str, Any]) -> Vehicle:
        return crew.vehicle_update(vehicle=vehicle, **fields)
