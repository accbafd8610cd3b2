"""What goes in and out of the accounts' API."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from accounts.models import Role
from common.api.fields import (
    EmailField,
    FlagField,
    InstantField,
    LineField,
    LitersField,
    MoneyField,
    NumberField,
    ObjectIdField,
    PasswordField,
    PhoneField,
    ShapeField,
    TextField,
    TimezoneField,
)
from common.api.serializers import WholeSerializer

CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
PRICE_PLACES = 6


class CoordinatesSerializer(WholeSerializer):
    latitude = NumberField(min_value=-90, max_value=90)
    longitude = NumberField(min_value=-180, max_value=180)


class AddressSerializer(serializers.Serializer[Any]):
    street = LineField(max_length=200, blank=True, required=False)
    city = LineField(max_length=100, blank=True, required=False)
    state = LineField(max_length=100, blank=True, required=False)
    postal_code = LineField(max_length=20, blank=True, required=False)
    country = LineField(max_length=100, blank=True, required=False)
    coordinates = CoordinatesSerializer(required=False, allow_null=True)


class ClockField(ShapeField):
    """A time of day, HH:MM."""

    def __init__(self, **options: Any) -> None:
        super().__init__(CLOCK, max_length=5, **options)


class QuietHoursSerializer(WholeSerializer):
    start = ClockField()
    end = ClockField()
    timezone = TimezoneField()


class PreferencesSerializer(serializers.Serializer[Any]):
    push = FlagField()
    email = FlagField()
    sms = FlagField()
    quiet_hours = QuietHoursSerializer(required=False, allow_null=True)


class UserSerializer(serializers.Serializer[Any]):
    """A person, as they see themselves and administrators see them."""

    id = ObjectIdField()
    name = serializers.CharField()
    email = serializers.CharField()
    phone = serializers.CharField()
    role = serializers.ChoiceField(choices=Role.choices)
    address = AddressSerializer(allow_null=True)
    timezone = serializers.CharField()
    notification_preferences = PreferencesSerializer()
    created_at = InstantField()
    updated_at = InstantField()


class AdminUserSerializer(UserSerializer):
    is_active = serializers.BooleanField()
    last_login = InstantField(allow_null=True)


class ProfileSerializer(serializers.Serializer[Any]):
    """What one may change of oneself."""

    name = LineField(max_length=150)
    phone = PhoneField(required=False)
    address = AddressSerializer(required=False, allow_null=True)
    timezone = TimezoneField(required=False)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Register",
            request_only=True,
            value={
                "name": "Alice Well",
                "email": "alice@example.org",
                "password": "tall-blue-cistern-88",
                "address": {"street": "Brunnenstraße 1", "city": "Berlin", "postalCode": "10115"},
            },
        )
    ]
)
class RegisterSerializer(serializers.Serializer[Any]):
    name = LineField(max_length=150)
    email = EmailField()
    password = PasswordField(new=True)
    phone = PhoneField(required=False)
    address = AddressSerializer(required=False, allow_null=True)


class LoginSerializer(serializers.Serializer[Any]):
    email = EmailField()
    password = PasswordField()


class TokensSerializer(serializers.Serializer[Any]):
    access = serializers.CharField()
    refresh = serializers.CharField()


class SignedInSerializer(TokensSerializer):
    user = UserSerializer()


class RefreshSerializer(serializers.Serializer[Any]):
    refresh = TextField(max_length=2000)


class ResetSerializer(serializers.Serializer[Any]):
    email = EmailField()


class ResetConfirmSerializer(serializers.Serializer[Any]):
    uid = LineField(max_length=64)
    token = LineField(max_length=500)
    new_password = PasswordField(new=True)


class ChangePasswordSerializer(serializers.Serializer[Any]):
    current_password = PasswordField()
    new_password = PasswordField(new=True)


class ServiceAreaSerializer(serializers.Serializer[Any]):
    region = LineField(max_length=100)
    postal_codes = serializers.ListField(child=LineField(max_length=20), max_length=10_000)


class PriceTierSerializer(serializers.Serializer[Any]):
    min_volume = LitersField(min_value=0, required=False, default=0)
    max_volume = LitersField(min_value=0, required=False, allow_null=True, default=None)
    price_per_liter = MoneyField(places=PRICE_PLACES)


class SupplierInputSerializer(serializers.Serializer[Any]):
    name = LineField(max_length=150)
    email = EmailField()
    phone = PhoneField(required=False)
    address = AddressSerializer(required=False, allow_null=True)
    company = LineField(max_length=150)
    logo = LineField(max_length=300, blank=True, required=False)
    service_areas = serializers.ListField(child=ServiceAreaSerializer(), required=False, max_length=1_000)
    pricing = serializers.ListField(child=PriceTierSerializer(), required=False, max_length=100)
    lead_time_hours = NumberField(min_value=0, max_value=8_760, required=False)
    active = FlagField(required=False)


class SupplierReviewSerializer(serializers.Serializer[Any]):
    user_id = ObjectIdField()
    order_id = ObjectIdField()
    rating = serializers.IntegerField(min_value=1, max_value=5)
    comment = serializers.CharField()
    date = InstantField()


class SupplierSerializer(serializers.Serializer[Any]):
    """A supplier: the company together with its user."""

    id = ObjectIdField(source="pk")
    name = serializers.CharField(source="user.name")
    email = serializers.CharField(source="user.email")
    phone = serializers.CharField(source="user.phone")
    role = serializers.ChoiceField(choices=Role.choices, source="user.role")
    address = AddressSerializer(source="user.address", allow_null=True)
    company = serializers.CharField()
    logo = serializers.CharField()
    service_areas = ServiceAreaSerializer(many=True)
    pricing = PriceTierSerializer(many=True)
    lead_time_hours = serializers.FloatField()
    avg_response_time = serializers.FloatField(allow_null=True)
    rating = serializers.FloatField(allow_null=True)
    rating_count = serializers.IntegerField()
    reviews = SupplierReviewSerializer(many=True, help_text="the newest 100, newest first")
    active = serializers.BooleanField()
    created_at = InstantField()
    updated_at = InstantField()
