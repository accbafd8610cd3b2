"""The world of the tests, object by object. Import it inside a fixture or a test module, never in conftest."""

import functools

import factory
from django.contrib.auth.hashers import make_password
from factory.django import DjangoModelFactory

from accounts.models import (
    Address,
    Coordinates,
    NotificationPreferences,
    PriceTier,
    RefreshFamily,
    Role,
    ServiceArea,
    Supplier,
    User,
)
from common.mongo import next_number
from common.time import utc_now
from notifications.models import Notification, Type
from tanks.models import GeoPoint, Tank

PASSWORD = "tall-blue-cistern-88"
POSTAL_CODE = "10115"


@functools.cache
def password_hash(password: str = PASSWORD) -> str:
    """Hashed once a session: a good hash is slow by design."""
    return make_password(password)


def an_address(postal_code: str = POSTAL_CODE) -> Address:
    return Address(
        street="Brunnenstraße 1",
        city="Berlin",
        state="Berlin",
        postal_code=postal_code,
        country="DE",
        coordinates=Coordinates(latitude=52.53, longitude=13.39),
    )


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User

    name = factory.Faker("name")
    email = factory.Sequence(lambda n: f"user{n}@example.org")
    phone = "+4930123456"
    role = Role.CUSTOMER
    address = factory.LazyFunction(an_address)
    notification_preferences = factory.LazyFunction(NotificationPreferences)
    password = factory.LazyFunction(password_hash)


class SupplierFactory(DjangoModelFactory):
    """A supplier with its user (role supplier) that serves POSTAL_CODE in two price tiers."""

    class Meta:
        model = Supplier

    user = factory.SubFactory(UserFactory, role=Role.SUPPLIER)
    company = factory.Sequence(lambda n: f"Water company {n}")
    service_areas = factory.LazyFunction(
        lambda: [ServiceArea(region="Berlin Mitte", postal_codes=[POSTAL_CODE, "10117"])]
    )
    pricing = factory.LazyFunction(
        lambda: [
            PriceTier(min_volume=0, max_volume=5000, price_per_liter="0.020000"),
            PriceTier(min_volume=5000, max_volume=None, price_per_liter="0.015000"),
        ]
    )
    lead_time_hours = 24
    rating = 4.5
    rating_count = 10


class TankFactory(DjangoModelFactory):
    class Meta:
        model = Tank

    user = factory.SubFactory(UserFactory)
    series = factory.LazyFunction(lambda: next_number("series"))
    name = "Roof tank"
    capacity = 10_000.0
    low_water_threshold = 25.0
    critical_threshold = 10.0
    location = factory.LazyFunction(lambda: GeoPoint(coordinates=[13.39, 52.53]))


class NotificationFactory(DjangoModelFactory):
    class Meta:
        model = Notification

    user = factory.SubFactory(UserFactory)
    type = Type.SYSTEM
    message = "The water is fine."
    key = factory.Sequence(lambda n: f"test:{n}")


class RefreshFamilyFactory(DjangoModelFactory):
    class Meta:
        model = RefreshFamily

    user = factory.SubFactory(UserFactory)
    current_jti = factory.Sequence(lambda n: f"{n:032x}")
    expires_at = factory.LazyFunction(utc_now)
