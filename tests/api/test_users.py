"""One's own profile, preferences, data, and being forgotten, through HTTP."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from orders.models import Order
from orders.services import order_place
from tanks.models import Tank
from tanks.services.manual import reading_record_manual
from tests.factories import PASSWORD, NotificationFactory

Api = Callable[..., Any]


def test_a_profile_has_the_models_fields(api: Api, alice: Any) -> None:
    me = api(alice).get("/api/users/me").json()
    assert set(me) == {
        "id",
        "name",
        "email",
        "phone",
        "role",
        "address",
        "timezone",
        "notificationPreferences",
        "createdAt",
        "updatedAt",
    }
    assert set(me["address"]) == {"street", "city", "state", "postalCode", "country", "coordinates"}
    assert me["notificationPreferences"] == {"push": True, "email": True, "sms": False, "quietHours": None}
    assert me["createdAt"].endswith("Z")


def test_a_patch_changes_what_it_names_and_nothing_else(api: Api, alice: Any) -> None:
    body = {
        "name": "Alice Fountain",
        "address": {"city": "Potsdam"},
        "role": "admin",
        "email": "x@example.org",
    }
    me = api(alice).patch("/api/users/me", body).json()
    assert (me["name"], me["role"], me["email"]) == ("Alice Fountain", "customer", alice.email)
    assert (me["address"]["city"], me["address"]["postalCode"]) == ("Potsdam", "10115")
    assert me["phone"] == alice.phone
    assert api(alice).get("/api/users/me").json() == me
    assert api(alice).patch("/api/users/me", {"address": None}).json()["address"] is None


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"name": 5},
        {"name": None},
        {"timezone": "Mars/Olympus"},
        {"address": []},
        {"address": {"coordinates": {"latitude": 5}}},
        {"address": {"street": "x" * 201}},
        [],
        "x",
    ],
)
def test_a_bad_profile_is_refused(api: Api, alice: Any, body: Any) -> None:
    before = api(alice).get("/api/users/me").json()
    response = api(alice).patch("/api/users/me", body)
    assert response.status_code == 400
    assert response.json()["errors"]
    assert api(alice).get("/api/users/me").json() == before


def test_preferences_change_one_by_one(api: Api, alice: Any) -> None:
    hours = {"start": "22:00", "end": "06:30", "timezone": "Europe/Berlin"}
    client = api(alice)
    changed = client.patch("/api/users/notification-preferences", {"sms": True, "quietHours": hours})
    assert changed.status_code == 200
    assert changed.json() == {"push": True, "email": True, "sms": True, "quietHours": hours}
    changed = client.patch("/api/users/notification-preferences", {"push": False})
    assert changed.json() == {"push": False, "email": True, "sms": True, "quietHours": hours}
    assert client.get("/api/users/me").json()["notificationPreferences"] == changed.json()
    assert (
        client.patch("/api/users/notification-preferences", {"quietHours": None}).json()["quietHours"] is None
    )


@pytest.mark.parametrize(
    "body",
    [
        {"push": "yes"},
        {"quietHours": {}},
        {"quietHours": {"start": "24:00", "end": "06:00", "timezone": "UTC"}},
        {"quietHours": {"start": "22:00", "end": "06:00", "timezone": "Nowhere"}},
        {"quietHours": {"start": "22:00", "end": "06:00"}},
    ],
)
def test_bad_preferences_are_refused(api: Api, alice: Any, body: Any) -> None:
    assert api(alice).patch("/api/users/notification-preferences", body).status_code == 400


def test_a_person_with_water_on_its_way_is_not_forgotten(api: Api, alice: Any, sam: Any, tank: Any) -> None:
    order = order_place(user=alice, tank=tank, amount=1_000, notes="Ring twice, Alice")
    for user in (alice, sam):
        response = api(user).delete("/api/users/me")
        assert (response.status_code, response.json()["code"]) == (409, "open_order")
    assert api(alice).patch(f"/api/orders/{order.pk}/cancel", {"reason": "I am moving"}).status_code == 200
    assert api(alice).delete("/api/users/me").status_code == 204
    left = Order.objects.get(pk=order.pk)
    assert left.delivery_notes == ""
    assert "moving" not in str(left.status_history[-1].notes)
    assert not Tank.objects.exists()


def test_who_is_forgotten_is_gone(api: Api, alice: Any, bob: Any) -> None:
    client = api(alice)
    assert client.delete("/api/users/me").status_code == 204
    assert client.get("/api/users/me").status_code == 401
    login = {"email": "alice@example.org", "password": PASSWORD}
    assert api().post("/api/auth/login", login).status_code == 401
    left = User.objects.get(pk=alice.pk)
    assert "alice" not in f"{left.name}{left.email}{left.phone}{left.address}".lower()
    assert api(bob).get("/api/users/me").status_code == 200
    assert api().post("/api/auth/register", {**login, "name": "Alice again"}).status_code == 201


def test_the_last_administrator_stays(api: Api, ada: Any) -> None:
    response = api(ada).delete("/api/users/me")
    assert (response.status_code, response.json()["code"]) == (409, "last_admin")


def test_an_export_holds_everything_of_oneself_and_nothing_of_others(
    api: Api, alice: Any, bob: Any, tank: Any
) -> None:
    NotificationFactory(user=alice)
    reading_record_manual(tank=tank, level=50)
    response = api(alice).get("/api/users/me/export")
    assert response.status_code == 200
    assert "attachment" in response["Content-Disposition"]
    held = json.loads(response.getvalue())
    assert held["exportedAt"].endswith("Z")
    assert held["account"][0]["email"] == alice.email
    assert PASSWORD not in str(held)
    assert "argon2" not in str(held)
    assert [row["message"] for row in held["notifications"]] == ["The water is fine."]
    assert [row["id"] for row in held["tanks"]] == [str(tank.pk)]
    assert [row["volumeLiters"] for row in held["readings"]] == [5_000]
    assert {"alerts", "orders", "webhooks", "pushDevices"} <= set(held)
    theirs = json.loads(api(bob).get("/api/users/me/export").getvalue())
    assert not theirs["tanks"] + theirs["readings"] + theirs["notifications"]
