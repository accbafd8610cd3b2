"""Who and what brings the water: a supplier's drivers and vehicles."""

from django.db import models
from django_mongodb_backend.fields import ObjectIdField

from accounts.models import Supplier
from common.models import TimestampedModel


class Driver(TimestampedModel):
    supplier = models.ForeignKey(Supplier, on_delete=models.CASCADE, related_name="drivers")
    name = models.CharField(max_length=150)
    phone = models.CharField(max_length=32, blank=True, default="")
    active = models.BooleanField(default=True)

    class Meta:
        indexes = [models.Index(fields=["supplier", "name"], name="driver_supplier_name")]

    def __str__(self) -> str:
        return self.name


class Vehicle(TimestampedModel):
    supplier = models.ForeignKey(Supplier, on_delete=models.CASCADE, related_name="vehicles")
    name = models.CharField(max_length=100)
    plate = models.CharField(max_length=20, blank=True, default="")
    capacity_liters = models.FloatField()
    driver_id = ObjectIdField(null=True, blank=True)
    active = models.BooleanField(default=True)

    class Meta:
        indexes = [models.Index(fields=["supplier", "name"], name="vehicle_supplier_name")]

    def __str__(self) -> str:
        return self.name
