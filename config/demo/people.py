"""The demo's users: operators, suppliers with their drivers and vehicles, customers."""

from decimal import Decimal

import numpy as np
from django.contrib.auth.hashers import make_password

from accounts.models import Address, Coordinates, PriceTier, Role, ServiceArea, Supplier, User
from config.demo import cast
from suppliers.models import Driver, Vehicle


def emails() -> list[str]:
    """Every demo user's e-mail: what is cleared before a seed starts anew."""
    return [cast.ADMIN, *(company.email for company in cast.COMPANIES), *_customer_emails()]


def _customer_emails() -> list[str]:
    _, *others = cast.CUSTOMERS
    return [cast.CUSTOMER, *(f"{name.lower().replace(' ', '.')}@example.com" for name in others)]


def make_people(random: np.random.Generator) -> tuple[list[Supplier], list[User]]:
    """Makes them all; returns the suppliers and the customers."""
    password = make_password(cast.PASSWORD)  # hashed once: Argon2 is slow on purpose
    User.objects.create(
        name="Ada Operator", email=cast.ADMIN, role=Role.ADMIN, password=password, timezone=cast.TIMEZONE
    )
    suppliers = [_make_company(company, password) for company in cast.COMPANIES]
    customers = User.objects.bulk_create(
        User(
            name=name,
            email=email,
            phone=f"+1 520 555 {number:04d}",
            role=Role.CUSTOMER,
            password=password,
            timezone=cast.TIMEZONE,
            address=_address(random, number),
        )
        for number, (name, email) in enumerate(
            zip(cast.CUSTOMERS, _customer_emails(), strict=True), start=100
        )
    )
    return suppliers, customers


def _address(random: np.random.Generator, number: int) -> Address:
    codes = list(cast.AREAS)
    code = codes[number % len(codes)]
    latitude, longitude = cast.AREAS[code]
    return Address(
        street=f"{int(random.integers(100, 9900))} {cast.STREETS[int(random.integers(len(cast.STREETS)))]}",
        city="Tucson",
        state="AZ",
        postal_code=code,
        country="US",
        coordinates=Coordinates(
            latitude=round(latitude + float(random.normal(0, 0.012)), 5),
            longitude=round(longitude + float(random.normal(0, 0.012)), 5),
        ),
    )


def _make_company(company: cast.Company, password: str) -> Supplier:
    user = User.objects.create(
        name=company.person,
        email=company.email,
        phone="+1 520 555 0199",
        role=Role.SUPPLIER,
        password=password,
        timezone=cast.TIMEZONE,
    )
    supplier = Supplier.objects.create(
        user=user,
        company=company.company,
        service_areas=[ServiceArea(region="Tucson", postal_codes=list(company.postal_codes))],
        pricing=[
            PriceTier(min_volume=low, max_volume=high, price_per_liter=Decimal(price))
            for low, high, price in company.tiers
        ],
        lead_time_hours=company.lead_time_hours,
        avg_response_time=round(company.lead_time_hours / 16, 1),
        response_count=12,
    )
    drivers = [
        Driver.objects.create(supplier=supplier, name=name, phone=f"+1 520 555 02{place:02d}")
        for place, name in enumerate(company.drivers, start=10)
    ]
    for place, (name, plate, capacity) in enumerate(company.vehicles):
        driver = drivers[place % len(drivers)]
        Vehicle.objects.create(
            supplier=supplier, name=name, plate=plate, capacity_liters=capacity, driver_id=driver.pk
        )
    return supplier
