"""Filters of lists: what they keep, and that a value that is none is refused, never passed over."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from common.time import iso, utc_now
from notifications.models import Notification
from orders.services import order_place
from suppliers import crew
from tests.factories import NotificationFactory, TankFactory

Api = Callable[..., Any]

REFUSED = {
    "/api/orders": [
        "status=lost",
        "status=",
        "tankId=5",
        "tankId=",
        "from=never",
        "from=",
        "to=1",
        "status=%00",
    ],
    "/api/supplier/orders": ["status=lost", "from=never"],
    "/api/supplier/schedule": ["from=never", "to="],
    "/api/supplier/drivers": ["active=1", "active="],
    "/api/supplier/vehicles": ["active=True"],
    "/api/notifications": ["read=maybe", "read="],
    "/api/admin/orders": ["status=lost"],
    "/api/admin/users": ["role=king", "role=", "search=" + "x" * 101, "search=%00"],
    "/api/admin/suppliers": ["active=yes"],
}


@pytest.mark.parametrize("path", REFUSED)
def test_a_value_that_is_none_is_refused_by_name(api: Api, alice: Any, sam: Any, ada: Any, path: str) -> None:
    client = api({"supplier": sam, "admin": ada}.get(path.split("/")[2], alice))
    for query in REFUSED[path]:
        response = client.get(f"{path}?{query}")
        assert response.status_code == 400, query
        assert set(response.json()["errors"]) == {query.partition("=")[0]}, query


def count(client: Any, address: str) -> int:
    return int(client.get(address).json()["count"])


def test_orders_are_kept_by_status_tank_and_time(api: Api, alice: Any, sam: Any, ada: Any) -> None:
    tanks = [TankFactory(user=alice), TankFactory(user=alice)]
    for tank in tanks:
        order_place(user=alice, tank=tank, amount=1_000)
    soon, before = iso(utc_now() + timedelta(minutes=1)), iso(utc_now() - timedelta(minutes=1))
    found = {
        "": 2,
        "?status=placed": 2,
        "?status=delivered": 0,
        f"?from={before}&to={soon}": 2,
        f"?from={soon}": 0,
        f"?to={before}": 0,
    }
    for address, client in (
        ("/api/orders", api(alice)),
        ("/api/supplier/orders", api(sam)),
        ("/api/admin/orders", api(ada)),
    ):
        assert {query: count(client, address + query) for query in found} == found
    assert count(api(alice), f"/api/orders?tankId={tanks[0].pk}&status=placed") == 1


def test_flags_keep_either_side(api: Api, alice: Any, sam: Any, ada: Any) -> None:
    NotificationFactory(user=alice)
    Notification.objects.filter(user=alice).update(read=True)
    NotificationFactory(user=alice)
    crew.driver_create(supplier_id=sam.pk, name="Dan", active=False)
    for client, address in (
        (api(alice), "/api/notifications?read="),
        (api(sam), "/api/supplier/drivers?active="),
        (api(ada), "/api/admin/suppliers?active="),
    ):
        both = [count(client, address + flag) for flag in ("true", "false")]
        assert sum(both) == count(client, address.partition("?")[0]) > 0
        assert both[0] != both[1] or both == [1, 1]


def test_people_are_found_by_part_of_name_or_address(api: Api, alice: Any, ada: Any) -> None:
    client = api(ada)
    part = alice.email.partition("@")[0][1:].upper()
    assert count(client, f"/api/admin/users?search={part}&role=customer") == 1
    assert count(client, f"/api/admin/users?search={part}&role=admin") == 0
    assert count(client, "/api/admin/users?search=") == count(client, "/api/admin/users")
