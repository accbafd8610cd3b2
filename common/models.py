"""What every stored object shares."""

from django.db import models
from django_mongodb_backend.managers import MongoManager


class TimestampedModel(models.Model):
    """`created_at` and `updated_at`, UTC. `QuerySet.update` must set `updated_at` itself."""

    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = MongoManager()

    class Meta:
        abstract = True
