"""Shapes of orders on the wire. Inputs are strict; outputs are read from `orders.selectors`."""

from django.conf import settings
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
from orders.models import PaymentStatus, Status
from tanks.models import Quality, Source

MAX_LITERS = 10_000_000
NOTES = 1_000


class QuoteInputSerializer(serializers.Serializer):
    tank_id = ObjectIdField()
    amount = LitersField(min_value=0.001, max_value=MAX_LITERS, help_text="litres")
    supplier_id = ObjectIdField(required=False, allow_null=True, help_text="only this supplier's offer")


class OfferSerializer(serializers.Serializer):
    supplier_id = ObjectIdField()
    company = LineField(max_length=150)
    amount = NumberField(help_text="litres")
    price_per_liter = MoneyField(places=6)
    price = MoneyField()
    currency = LineField(max_length=3, help_text="ISO 4217")
    earliest_delivery = InstantField()
    rating = NumberField(allow_null=True, help_text="mean of the reviews, 1 to 5")


class OffersSerializer(serializers.Serializer):
    results = OfferSerializer(many=True)


class OrderInputSerializer(serializers.Serializer):
    tank_id = ObjectIdField()
    amount = LitersField(min_value=0.001, max_value=MAX_LITERS, help_text="litres")
    supplier_id = ObjectIdField(
        required=False, allow_null=True, help_text="else the tank's preferred supplier, else the best offer"
    )
    requested_date = InstantField(required=False, allow_null=True, help_text="not before this time")
    notes = TextField(max_length=NOTES, required=False, blank=True, help_text="for the driver")
    payment_method = LineField(
        max_length=32, required=False, blank=True, help_text="such as cash or transfer"
    )


class CancelInputSerializer(serializers.Serializer):
    reason = TextField(max_length=NOTES, required=False, blank=True)


class RescheduleInputSerializer(serializers.Serializer):
    scheduled_delivery_date = InstantField()


class PayInputSerializer(serializers.Serializer):
    payment_method = LineField(max_length=32, required=False, blank=True)


class IntentSerializer(serializers.Serializer):
    """How the order is to be paid."""

    order_id = ObjectIdField()
    provider = ChoiceField(choices=["manual"])
    reference = LineField(max_length=128)
    status = ChoiceField(choices=["pending"], help_text="the money is awaited")
    amount = MoneyField()
    currency = LineField(max_length=3)
    instructions = TextField(max_length=NOTES, help_text="for the person who pays")


class ReviewInputSerializer(serializers.Serializer):
    rating = WholeNumberField(min_value=1, max_value=5)
    comment = TextField(max_length=NOTES, required=False, blank=True)


class OrderReviewSerializer(serializers.Serializer):
    rating = WholeNumberField(min_value=1, max_value=5)
    comment = TextField(max_length=NOTES, blank=True)
    date = InstantField()


class StatusChangeSerializer(serializers.Serializer):
    status = ChoiceField(choices=Status.choices)
    timestamp = InstantField()
    updated_by = ObjectIdField(allow_null=True, help_text="null: the system")
    notes = TextField(max_length=NOTES, blank=True)


class PaymentSerializer(serializers.Serializer):
    provider = ChoiceField(choices=["manual"])
    method = LineField(max_length=32, allow_null=True)
    reference = LineField(max_length=128, allow_null=True)
    amount = MoneyField(allow_null=True, help_text="paid")
    refunded = MoneyField(allow_null=True)
    paid_at = InstantField(allow_null=True)
    refunded_at = InstantField(allow_null=True)


class DeliverySerializer(serializers.Serializer):
    driver_id = ObjectIdField(allow_null=True)
    driver_name = LineField(max_length=150, allow_null=True)
    delivered_liters = NumberField(allow_null=True)
    measured_liters = NumberField(allow_null=True, help_text="what the tank's sensor saw come in")


class PartySerializer(serializers.Serializer):
    """The supplier of an order, as its customer sees it."""

    id = ObjectIdField()
    company = LineField(max_length=150)
    rating = NumberField(allow_null=True)


class OrderBaseSerializer(serializers.Serializer):
    id = ObjectIdField()
    order_number = LineField(max_length=24)
    user_id = ObjectIdField()
    tank_id = ObjectIdField()
    supplier_id = ObjectIdField(allow_null=True)
    order_date = InstantField()
    requested_date = InstantField(allow_null=True)
    scheduled_delivery_date = InstantField(allow_null=True)
    actual_delivery_date = InstantField(allow_null=True)
    status = ChoiceField(choices=Status.choices)
    status_history = StatusChangeSerializer(many=True)
    amount = NumberField(help_text="litres ordered")
    price = MoneyField()
    price_per_liter = MoneyField(places=6)
    currency = LineField(max_length=3, default=settings.CURRENCY)
    invoice_number = LineField(max_length=24, allow_null=True)
    payment_status = ChoiceField(choices=PaymentStatus.choices)
    payment = PaymentSerializer()
    delivery_notes = TextField(max_length=NOTES, blank=True)
    customer_signature = serializers.CharField(allow_null=True)
    driver_notes = TextField(max_length=NOTES, blank=True)
    delivery = DeliverySerializer()
    tracking = serializers.DictField(allow_null=True, help_text="null unless the delivery is on its way")
    auto = FlagField(help_text="ordered by the system for a tank that keeps itself full")
    why = serializers.DictField(allow_null=True, help_text="of an automatic order: the reading and the rule")
    review = OrderReviewSerializer(allow_null=True)
    created_at = InstantField()
    updated_at = InstantField()


class OrderSerializer(OrderBaseSerializer):
    """An order as its customer reads it."""

    supplier = PartySerializer(allow_null=True)
    tank_name = LineField(max_length=100, allow_null=True, blank=True)


class CoordinatesOutSerializer(serializers.Serializer):
    latitude = NumberField()
    longitude = NumberField()


class CustomerAddressSerializer(serializers.Serializer):
    street = LineField(max_length=200, blank=True)
    city = LineField(max_length=100, blank=True)
    state = LineField(max_length=100, blank=True)
    postal_code = LineField(max_length=20, blank=True)
    country = LineField(max_length=100, blank=True)
    coordinates = CoordinatesOutSerializer(allow_null=True)


class CustomerSerializer(serializers.Serializer):
    """The customer of an order, as its supplier sees them."""

    id = ObjectIdField()
    name = LineField(max_length=150)
    phone = LineField(max_length=32, blank=True)
    address = CustomerAddressSerializer(allow_null=True)


class OrderTankLevelSerializer(serializers.Serializer):
    level = NumberField(help_text="percent of capacity")
    volume_liters = NumberField()
    timestamp = InstantField()
    source = ChoiceField(choices=Source.choices)  # type: ignore[assignment]
    quality = ChoiceField(choices=Quality.choices)


class OrderTankSerializer(serializers.Serializer):
    id = ObjectIdField()
    name = LineField(max_length=100, blank=True)
    capacity = NumberField(help_text="litres")
    current_level = OrderTankLevelSerializer(allow_null=True)
    location = CoordinatesOutSerializer(allow_null=True)


class SupplierOrderSerializer(OrderBaseSerializer):
    """An order as its supplier reads it."""

    customer = CustomerSerializer(allow_null=True)
    tank = OrderTankSerializer(allow_null=True)


class AdminOrderSerializer(OrderBaseSerializer):
    """An order as administrators read it."""

    customer = CustomerSerializer(allow_null=True)
    supplier = PartySerializer(allow_null=True)


class MonthSerializer(serializers.Serializer):
    month = LineField(max_length=7, help_text="such as 2026-05, in UTC")
    orders = WholeNumberField()
    liters = NumberField(help_text="delivered")
    price = MoneyField()


class OrderStatisticsSerializer(serializers.Serializer):
    total_orders = WholeNumberField()
    by_status = serializers.DictField(child=WholeNumberField())
    automatic_orders = WholeNumberField()
    total_liters = NumberField(help_text="delivered")
    total_spent = MoneyField(help_text="for what was delivered")
    currency = LineField(max_length=3)
    average_price_per_liter = MoneyField(places=6, allow_null=True)
    last_order_date = InstantField(allow_null=True)
    months = MonthSerializer(many=True, help_text="the last twelve with a delivery, oldest first")
