"""Orders of water. The rules of their states are in `orders.states`."""

from bson import ObjectId
from django.conf import settings
from django.db import models
from django_mongodb_backend.fields import (
    ArrayField,
    EmbeddedModelArrayField,
    EmbeddedModelField,
    ObjectIdField,
)
from django_mongodb_backend.models import EmbeddedModel

from common.models import TimestampedModel
from tanks.models import Tank


class Status(models.TextChoices):
    PLACED = "placed", "Placed"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    SCHEDULED = "scheduled", "Scheduled"
    IN_TRANSIT = "in_transit", "In transit"
    DELIVERED = "delivered", "Delivered"
    CANCELLED = "cancelled", "Cancelled"


class PaymentStatus(models.TextChoices):
    PENDING = "pending", "Pending"
    PAID = "paid", "Paid"
    FAILED = "failed", "Failed"
    REFUNDED = "refunded", "Refunded"


class Event(models.TextChoices):
    """What happened to an order: more than the status tells, as two events may lead to the same one."""

    PLACED = "placed", "Placed"
    ACCEPTED = "accepted", "Accepted"
    REOFFERED = "reoffered", "Offered to another supplier"
    SCHEDULED = "scheduled", "Scheduled"
    RESCHEDULED = "rescheduled", "Rescheduled"
    DEPARTED = "departed", "On its way"
    DELIVERED = "delivered", "Delivered"
    CANCELLED = "cancelled", "Cancelled"
    UNSERVED = "unserved", "Cancelled: no supplier left"


class StatusChange(EmbeddedModel):
    """One line of an order's history; `updated_by` None: the system itself. `supplier_id`: who has it from then."""

    status = models.CharField(max_length=16, choices=Status)
    event = models.CharField(max_length=16, choices=Event, blank=True, default="")
    timestamp = models.DateTimeField()
    updated_by = ObjectIdField(null=True, blank=True)
    supplier_id = ObjectIdField(null=True, blank=True)
    notes = models.TextField(blank=True, default="")
    told = models.BooleanField(default=True, editable=False, help_text="everyone it concerns knows")


class Payment(EmbeddedModel):
    """How the order is paid: the provider's name and its own reference."""

    provider = models.CharField(max_length=16, default="manual")
    method = models.CharField(max_length=32, blank=True, default="")
    reference = models.CharField(max_length=128, blank=True, default="")
    amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True, help_text="paid")
    refunded = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)
    refunded_at = models.DateTimeField(null=True, blank=True)


class OrderReview(EmbeddedModel):
    rating = models.IntegerField()
    comment = models.TextField(blank=True, default="")
    date = models.DateTimeField()
    counted = models.BooleanField(default=False, help_text="is part of the supplier's rating")


class Order(TimestampedModel):
    user_id: ObjectId
    tank_id: ObjectId
    supplier_id: ObjectId | None

    order_number = models.CharField(max_length=24, unique=True)
    # Orders outlive people, tanks and suppliers: they are kept for the books.
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.DO_NOTHING, related_name="orders")
    tank = models.ForeignKey(Tank, on_delete=models.DO_NOTHING, related_name="orders")
    supplier = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="deliveries",
    )
    order_date = models.DateTimeField()
    offered_at = models.DateTimeField(help_text="when the present supplier was asked")
    requested_date = models.DateTimeField(null=True, blank=True)
    scheduled_delivery_date = models.DateTimeField(null=True, blank=True)
    actual_delivery_date = models.DateTimeField(null=True, blank=True)
    status = models.CharField(max_length=16, choices=Status, default=Status.PLACED)
    status_history = EmbeddedModelArrayField(StatusChange, default=list)
    is_open = models.BooleanField(default=True, help_text="not yet delivered or cancelled")
    amount = models.FloatField(help_text="litres ordered")
    delivered_liters = models.FloatField(null=True, blank=True)
    measured_liters = models.FloatField(
        null=True, blank=True, editable=False, help_text="litres that the tank's sensor saw come in"
    )
    price_per_liter = models.DecimalField(max_digits=12, decimal_places=6)
    price = models.DecimalField(max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3, default="USD")
    invoice_number = models.CharField(max_length=24, blank=True, default="")
    payment_status = models.CharField(max_length=16, choices=PaymentStatus, default=PaymentStatus.PENDING)
    payment = EmbeddedModelField(Payment, default=Payment)
    postal_code = models.CharField(max_length=20, blank=True, default="")
    delivery_notes = models.TextField(blank=True, default="")
    customer_signature = models.TextField(blank=True, default="")
    driver_notes = models.TextField(blank=True, default="")
    driver_id = ObjectIdField(null=True, blank=True)
    driver_name = models.CharField(max_length=150, blank=True, default="")
    declined_by = ArrayField(ObjectIdField(), default=list, blank=True)
    auto = models.BooleanField(default=False, help_text="placed by replenishment")
    why = models.JSONField(null=True, blank=True, help_text="replenishment: readings, rule and numbers")
    review = EmbeddedModelField(OrderReview, null=True, blank=True)

    unannounced = models.BooleanField(
        default=False, editable=False, help_text="some step is still to be told"
    )
    announcing_until = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        # Beside these, migrations make the partial unique index that allows one open automatic order a tank,
        # and small partial ones for what a sweep has to finish.
        indexes = [
            models.Index(fields=["user", "-order_date"], name="order_user_date"),
            models.Index(fields=["user", "status", "-order_date"], name="order_user_status"),
            models.Index(fields=["supplier", "status", "-order_date"], name="order_supplier_status"),
            models.Index(fields=["supplier", "-order_date"], name="order_supplier_date"),
            models.Index(fields=["supplier", "scheduled_delivery_date"], name="order_supplier_schedule"),
            models.Index(fields=["tank", "is_open"], name="order_tank_open"),
            models.Index(fields=["tank", "-order_date"], name="order_tank_date"),
            models.Index(fields=["status", "-order_date"], name="order_status_date"),
            models.Index(fields=["-order_date"], name="order_date"),
            models.Index(fields=["order_number"], name="order_number"),
        ]

    def __str__(self) -> str:
        return self.order_number
