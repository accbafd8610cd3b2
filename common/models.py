"""What every stored object shares."""

from typing import TYPE_CHECKING

from django.db import models

if TYPE_CHECKING:
    # The backend's manager is made at run time, which the type checker cannot follow; it has a Manager's methods.
    from django.db.models import Manager as MongoManager
else:
    from django_mongodb_backend.managers import MongoManager


class TimestampedModel(models.Model):
    """`created_at` and `updated_at`, UTC. `QuerySet.update` must set `updated_at` itself."""

    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = MongoManager()

    class Meta:
        abstract = True
