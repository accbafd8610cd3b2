"""What a user was told, and where outside systems are told."""

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


class Type(models.TextChoices):
    WARNING = "warning", "Warning"
    ORDER = "order", "Order"
    DELIVERY = "delivery", "Delivery"
    CANCEL = "cancel", "Cancellation"
    RESCHEDULE = "reschedule", "Rescheduling"
    SYSTEM = "system", "System"


class Channel(models.TextChoices):
    PUSH = "push", "Push"
    EMAIL = "email", "E-mail"
    SMS = "sms", "SMS"


class RelatedTo(EmbeddedModel):
    """What a notification is about: `model` is order, tank or system."""

    model = models.CharField(max_length=16)
    object_id = ObjectIdField(null=True, blank=True)


class Delivery(EmbeddedModel):
    """The sending of one notification by one channel: pending, sent or failed (given up)."""

    channel = models.CharField(max_length=8, choices=Channel)
    state = models.CharField(max_length=8, default="pending")
    attempts = models.IntegerField(default=0)
    next_at = models.DateTimeField()
    error = models.CharField(max_length=300, blank=True, default="")


class Notification(TimestampedModel):
    user_id: ObjectId
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications")
    type = models.CharField(max_length=16, choices=Type)
    message = models.TextField()
    related_to = EmbeddedModelField(RelatedTo, null=True, blank=True)
    read = models.BooleanField(default=False)
    sent_via = ArrayField(models.CharField(max_length=8), default=list, blank=True)
    urgent = models.BooleanField(default=False, help_text="goes out in quiet hours too")
    key = models.CharField(max_length=200, unique=True, help_text="told once, however often asked")
    deliveries = EmbeddedModelArrayField(Delivery, default=list, blank=True)
    pending = models.BooleanField(default=False, help_text="some channel has still to send it")
    next_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["user", "-created_at"], name="notification_user_created"),
            models.Index(fields=["user", "read", "-created_at"], name="notification_user_read"),
            models.Index(fields=["pending", "next_at"], name="notification_pending"),
        ]

    def __str__(self) -> str:
        return self.message


class PushSubscription(TimestampedModel):
    """A phone or browser that takes pushes: Web Push (`endpoint`, `keys`) or FCM (`token`)."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=8, choices=[("webpush", "Web Push"), ("fcm", "FCM")])
    endpoint = models.CharField(max_length=1000, help_text="the Web Push endpoint or the FCM token")
    keys = models.JSONField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["user", "endpoint"], name="push_user_endpoint")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.user}"


class WebhookEvent(models.TextChoices):
    DEVICE_ONLINE = "device.online", "Device online"
    DEVICE_OFFLINE = "device.offline", "Device offline"
    DEVICE_FAULTY = "device.faulty", "Device faulty"
    TANK_LOW = "tank.low", "Tank low"
    TANK_LEAK = "tank.leak", "Tank leaking"
    ORDER_STATUS = "order.status", "Order status"


class WebhookEndpoint(TimestampedModel):
    """A callback address of a customer or supplier; it hears what its owner may read."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    url = models.CharField(max_length=1000)
    events = ArrayField(models.CharField(max_length=32, choices=WebhookEvent), default=list)
    description = models.CharField(max_length=200, blank=True, default="")
    secret = models.CharField(max_length=64, editable=False, help_text="signs what is sent; shown once")
    active = models.BooleanField(default=True)
    failing_since = models.DateTimeField(
        null=True, blank=True, help_text="first failure since it last worked"
    )
    disabled_reason = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["user", "-created_at"], name="webhook_user_created")]

    def __str__(self) -> str:
        return self.url


class WebhookDelivery(TimestampedModel):
    """One message to one endpoint, and how sending it went. Kept for 30 days."""

    class State(models.TextChoices):
        PENDING = "pending", "Pending"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Given up"

    endpoint = models.ForeignKey(
        WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries", db_index=False
    )
    key = models.CharField(max_length=300, unique=True, help_text="told once, however often asked")
    type = models.CharField(max_length=32, choices=WebhookEvent)
    message_id = models.CharField(max_length=64)
    body = models.TextField()
    state = models.CharField(max_length=16, choices=State, default=State.PENDING)
    attempts = models.IntegerField(default=0)
    next_at = models.DateTimeField(null=True, blank=True)
    status_code = models.IntegerField(null=True, blank=True, help_text="the last answer's")
    error = models.CharField(max_length=300, blank=True, default="")
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "webhook deliveries"
        indexes = [
            models.Index(fields=["endpoint", "-created_at"], name="webhook_endpoint_created"),
            models.Index(fields=["state", "next_at"], name="webhook_state_next"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.state}"
