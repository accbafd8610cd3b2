"""People: users of three roles, suppliers' profiles, and the families of refresh tokens."""

from django.contrib.auth.models import AbstractBaseUser
from django.db import models
from django_mongodb_backend.fields import (
    ArrayField,
    EmbeddedModelArrayField,
    EmbeddedModelField,
    ObjectIdField,
)
from django_mongodb_backend.models import EmbeddedModel

from accounts.managers import UserManager
from common.models import MongoManager, TimestampedModel


class Role(models.TextChoices):
    CUSTOMER = "customer", "Customer"
    SUPPLIER = "supplier", "Supplier"
    ADMIN = "admin", "Administrator"


class Coordinates(EmbeddedModel):
    latitude = models.FloatField()
    longitude = models.FloatField()


class Address(EmbeddedModel):
    street = models.CharField(max_length=200, blank=True, default="")
    city = models.CharField(max_length=100, blank=True, default="")
    state = models.CharField(max_length=100, blank=True, default="")
    postal_code = models.CharField(max_length=20, blank=True, default="")
    country = models.CharField(max_length=100, blank=True, default="")
    coordinates = EmbeddedModelField(Coordinates, null=True, blank=True)

    def __str__(self) -> str:
        town = " ".join(part for part in (self.postal_code, self.city) if part)
        return ", ".join(part for part in (self.street, town, self.state, self.country) if part)


class QuietHours(EmbeddedModel):
    """Local times `HH:MM` between which only urgent messages go out; may span midnight."""

    start = models.CharField(max_length=5)
    end = models.CharField(max_length=5)
    timezone = models.CharField(max_length=64, default="UTC")


class NotificationPreferences(EmbeddedModel):
    push = models.BooleanField(default=True)
    email = models.BooleanField(default=True)
    sms = models.BooleanField(default=False)
    quiet_hours = EmbeddedModelField(QuietHours, null=True, blank=True)


class User(AbstractBaseUser, TimestampedModel):
    """A person who signs in by e-mail (kept in lower case, so unique without regard to case)."""

    name = models.CharField(max_length=150)
    email = models.EmailField(unique=True)
    phone = models.CharField(max_length=32, blank=True, default="")
    role = models.CharField(max_length=16, choices=Role, default=Role.CUSTOMER)
    address = EmbeddedModelField(Address, null=True, blank=True)
    timezone = models.CharField(max_length=64, default="UTC")
    notification_preferences = EmbeddedModelField(NotificationPreferences, default=NotificationPreferences)
    is_active = models.BooleanField(default=True)

    objects = UserManager()  # type: ignore[misc,assignment]

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        # The unique index is partial (by type), which look-ups cannot use: a plain one beside it serves sign-in.
        indexes = [
            models.Index(fields=["email"], name="user_email"),
            models.Index(fields=["role", "-created_at"], name="user_role_created"),
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def is_staff(self) -> bool:
        return self.role == Role.ADMIN

    @property
    def is_superuser(self) -> bool:
        return self.role == Role.ADMIN

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Operators may do everything in the admin; nobody else anything."""
        return self.is_active and self.is_staff

    def has_perms(self, perm_list: object, obj: object = None) -> bool:
        return self.has_perm("")

    def has_module_perms(self, app_label: str) -> bool:
        return self.has_perm("")


class ServiceArea(EmbeddedModel):
    region = models.CharField(max_length=100)
    postal_codes = ArrayField(models.CharField(max_length=20), default=list)


class PriceTier(EmbeddedModel):
    """`price_per_liter` for drops of `min_volume` (inclusive) to `max_volume` litres (exclusive; None: no end)."""

    min_volume = models.FloatField(default=0)
    max_volume = models.FloatField(null=True, blank=True)
    price_per_liter = models.DecimalField(max_digits=12, decimal_places=6)


class Review(EmbeddedModel):
    user_id = ObjectIdField()
    order_id = ObjectIdField()
    rating = models.IntegerField()
    comment = models.TextField(blank=True, default="")
    date = models.DateTimeField()


class Supplier(TimestampedModel):
    """The company of a user with role supplier; its id is the user's id."""

    user = models.OneToOneField(
        User, on_delete=models.CASCADE, primary_key=True, db_column="_id", related_name="supplier"
    )
    company = models.CharField(max_length=150)
    logo = models.CharField(max_length=300, blank=True, default="")
    service_areas = EmbeddedModelArrayField(ServiceArea, default=list, blank=True)
    pricing = EmbeddedModelArrayField(PriceTier, default=list, blank=True)
    lead_time_hours = models.FloatField(default=24)
    avg_response_time = models.FloatField(null=True, blank=True, help_text="hours from offer to answer")
    response_count = models.IntegerField(default=0)
    rating = models.FloatField(null=True, blank=True, help_text="mean of the reviews, 1 to 5")
    rating_count = models.IntegerField(default=0)
    reviews = EmbeddedModelArrayField(Review, default=list, blank=True)
    active = models.BooleanField(default=True)

    class Meta:
        indexes = [models.Index(fields=["active"], name="supplier_active")]

    def __str__(self) -> str:
        return self.company


class RefreshFamily(models.Model):
    """One sign-in: the chain of refresh tokens that rotate into each other.

    Only `current_jti` is valid. Any other token of the family is a replay and revokes the family.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    current_jti = models.CharField(max_length=32)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = MongoManager()

    class Meta:
        verbose_name_plural = "refresh families"

    def __str__(self) -> str:
        return f"{self.user} since {self.created_at:%Y-%m-%d %H:%M}"
