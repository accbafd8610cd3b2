"""What devices sent that could not be used, and the gateways that speak for many of them."""

from django.db import models

from common.models import MongoManager, TimestampedModel


class RejectedMessage(models.Model):
    """A message or reading that was refused, with the reason. Kept 30 days (a TTL index from a migration)."""

    at = models.DateTimeField()
    transport = models.CharField(max_length=16)
    topic = models.CharField(max_length=300, blank=True, default="")
    device_id = models.CharField(max_length=128, blank=True, default="")
    code = models.CharField(max_length=64)
    detail = models.CharField(max_length=500, blank=True, default="")
    payload = models.TextField(blank=True, default="", help_text="its first 2,000 characters")

    objects = MongoManager()

    class Meta:
        indexes = [
            models.Index(fields=["device_id", "-at"], name="rejected_device_at"),
            models.Index(fields=["code", "-at"], name="rejected_code_at"),
        ]

    def __str__(self) -> str:
        return f"{self.code} from {self.device_id or self.topic}"


class Gateway(TimestampedModel):
    """A LoRaWAN server or bridge that may bring any device's uplinks. Made by operators; the secret is hashed."""

    gateway_id = models.CharField(max_length=128, unique=True)
    name = models.CharField(max_length=100, blank=True, default="")
    secret_hash = models.CharField(max_length=64, editable=False)
    active = models.BooleanField(default=True)

    class Meta:
        indexes = [models.Index(fields=["gateway_id"], name="gateway_gateway_id")]

    def __str__(self) -> str:
        return self.name or self.gateway_id
