"""The cast: alice owns, bob is another customer, sam supplies, sue is another supplier, ada administers.

Each is a stored `User` (sam and sue with a `Supplier`); ask for the ones a test needs. `api(alice)` is a client
signed in as alice by a real token, `api()` an anonymous one.
"""

from collections.abc import Callable
from typing import Any

import pytest

ApiFor = Callable[..., Any]


@pytest.fixture
def alice(db: None) -> Any:
    from tests.factories import UserFactory

    return UserFactory(name="Alice Well", email="alice@example.org")


@pytest.fixture
def bob(db: None) -> Any:
    from tests.factories import UserFactory

    return UserFactory(name="Bob Brook", email="bob@example.org")


@pytest.fixture
def sam(db: None) -> Any:
    from tests.factories import SupplierFactory

    return SupplierFactory(
        company="Sam's Springs", user__name="Sam Spring", user__email="sam@example.org"
    ).user


@pytest.fixture
def sue(db: None) -> Any:
    """Serves the same area as sam, a little dearer."""
    from accounts.models import PriceTier
    from tests.factories import SupplierFactory

    return SupplierFactory(
        company="Sue's Source",
        user__name="Sue Source",
        user__email="sue@example.org",
        pricing=[PriceTier(min_volume=0, max_volume=None, price_per_liter="0.022000")],
    ).user


@pytest.fixture
def ada(db: None) -> Any:
    from tests.factories import UserFactory

    return UserFactory(name="Ada Minster", email="ada@example.org", role="admin")


@pytest.fixture
def tank(alice: Any) -> Any:
    """Alice's tank of 10,000 litres, without a device."""
    from tests.factories import TankFactory

    return TankFactory(user=alice)


@pytest.fixture
def api(db: None) -> ApiFor:
    """`api(user)` → a DRF client with that user's access token; `api()` → one without."""
    from rest_framework.test import APIClient

    from accounts.tokens import tokens_issue

    def client(user: Any = None) -> APIClient:
        made = APIClient()
        if user is not None:
            made.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens_issue(user=user)['access']}")
        return made

    return client
