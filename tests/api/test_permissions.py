"""Who may do what: one table over every operation, held against the URL configuration and the running API."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from common.mongo import database
from common.time import utc_now
from notifications.webhooks.services import endpoint_create
from orders.services import order_place
from suppliers import crew
from tanks.models import Alert
from tests.api.routes import api_routes
from tests.factories import NotificationFactory

Api = Callable[..., Any]
PUBLIC, SIGNED_IN, CUSTOMER, SUPPLIER, ADMIN, CLIENT, DEVICE = (
    "public",
    "signed in",
    "customer",
    "supplier",
    "admin",
    "customer or supplier",
    "device",
)
ROLES = {
    SIGNED_IN: {"customer", "supplier", "admin"},
    CUSTOMER: {"customer"},
    SUPPLIER: {"supplier"},
    ADMIN: {"admin"},
    CLIENT: {"customer", "supplier"},
    DEVICE: set(),
}
TABLE = {
    PUBLIC: """
        get /api/docs
        get /api/schema
        post /api/auth/login
        post /api/auth/logout
        post /api/auth/password-reset
        post /api/auth/password-reset/confirm
        post /api/auth/refresh-token
        post /api/auth/register
    """,
    SIGNED_IN: """
        post /api/auth/change-password
        get /api/users/me
        patch /api/users/me
        delete /api/users/me
        get /api/users/me/export
        patch /api/users/notification-preferences
        post /api/users/me/push-subscriptions
        delete /api/users/me/push-subscriptions
        get /api/notifications
        patch /api/notifications/<oid:notification_id>/read
        patch /api/notifications/read-all
        post /api/iot/infer
    """,
    CUSTOMER: """
        get /api/tanks
        post /api/tanks
        get /api/tanks/<oid:tank_id>
        patch /api/tanks/<oid:tank_id>
        delete /api/tanks/<oid:tank_id>
        get /api/tanks/<oid:tank_id>/alerts
        post /api/tanks/<oid:tank_id>/alerts/<oid:alert_id>/acknowledge
        post /api/tanks/<oid:tank_id>/alerts/<oid:alert_id>/snooze
        post /api/tanks/<oid:tank_id>/device/rotate-secret
        post /api/devices/claim
        get /api/tanks/<oid:tank_id>/device
        patch /api/tanks/<oid:tank_id>/device
        get /api/tanks/<oid:tank_id>/levels
        post /api/tanks/<oid:tank_id>/levels
        get /api/tanks/<oid:tank_id>/levels/current
        get /api/tanks/<oid:tank_id>/levels/export
        get /api/tanks/<oid:tank_id>/usage
        get /api/orders
        post /api/orders
        post /api/orders/quote
        get /api/orders/statistics
        get /api/orders/<oid:order_id>
        patch /api/orders/<oid:order_id>/cancel
        patch /api/orders/<oid:order_id>/reschedule
        post /api/orders/<oid:order_id>/pay
        post /api/orders/<oid:order_id>/review
    """,
    CLIENT: """
        get /api/webhooks
        post /api/webhooks
        get /api/webhooks/<oid:webhook_id>
        delete /api/webhooks/<oid:webhook_id>
        get /api/webhooks/<oid:webhook_id>/deliveries
    """,
    SUPPLIER: """
        get /api/supplier/customers
        get /api/supplier/dashboard
        get /api/supplier/schedule
        get /api/supplier/drivers
        post /api/supplier/drivers
        get /api/supplier/drivers/<oid:driver_id>
        patch /api/supplier/drivers/<oid:driver_id>
        delete /api/supplier/drivers/<oid:driver_id>
        get /api/supplier/vehicles
        post /api/supplier/vehicles
        get /api/supplier/vehicles/<oid:vehicle_id>
        patch /api/supplier/vehicles/<oid:vehicle_id>
        delete /api/supplier/vehicles/<oid:vehicle_id>
        get /api/supplier/orders
        get /api/supplier/orders/<oid:order_id>
        patch /api/supplier/orders/<oid:order_id>/payment
        patch /api/supplier/orders/<oid:order_id>/status
    """,
    ADMIN: """
        get /api/admin/orders
        get /api/admin/orders/<oid:order_id>
        get /api/admin/statistics
        get /api/admin/suppliers
        post /api/admin/suppliers
        get /api/admin/users
    """,
    DEVICE: """
        post /api/iot/water-level
        post /api/iot/webhooks/chirpstack
        post /api/iot/webhooks/ttn
        post /api/v1/<str:token>/telemetry
    """,
}
RULES = {
    (line.split()[0], line.split()[1]): who
    for who, lines in TABLE.items()
    for line in lines.strip().splitlines()
}
# Good bodies, where an empty one would be refused before it is known whose thing it is.
BODIES: dict[str, dict[str, Any]] = {
    "patch /api/orders/<oid:order_id>/reschedule": {"scheduledDeliveryDate": "2030-01-01T08:00:00Z"},
    "post /api/orders/<oid:order_id>/review": {"rating": 5},
    "post /api/tanks/<oid:tank_id>/levels": {"level": 50},
    "post /api/tanks/<oid:tank_id>/alerts/<oid:alert_id>/snooze": {"until": "2030-01-01T08:00:00Z"},
    "patch /api/supplier/orders/<oid:order_id>/payment": {"paymentStatus": "paid"},
    "patch /api/supplier/orders/<oid:order_id>/status": {"status": "acknowledged"},
}


@dataclass
class World:
    """One thing of each kind: `ids` by the name in the path; alice's own, and what is sam's of them."""

    ids: dict[str, Any]

    def path(self, route: str) -> str:
        for name, value in self.ids.items():
            route = route.replace(f"<oid:{name}>", str(value))
        route = route.replace("<str:token>", "roof:not-its-secret")
        assert "<" not in route, f"say which object stands for the one in {route}"
        return route


@pytest.fixture
def world(alice: Any, sam: Any, tank: Any) -> World:
    return World(
        {
            "tank_id": tank.pk,
            "alert_id": Alert.objects.create(
                tank=tank, user_id=alice.pk, kind="leak", severity="warning", opened_at=utc_now()
            ).pk,
            "order_id": order_place(user=alice, tank=tank, amount=1_000, supplier_id=sam.pk).pk,
            "notification_id": NotificationFactory(user=alice).pk,
            "webhook_id": endpoint_create(
                user_id=alice.pk, url="https://hooks.example.org/", events=["tank.low"]
            ).pk,
            "driver_id": crew.driver_create(supplier_id=sam.pk, name="Dan").pk,
            "vehicle_id": crew.vehicle_create(supplier_id=sam.pk, name="Tanker", capacity_liters=9_000).pk,
        }
    )


def stored() -> str:
    """A digest of all that is stored."""
    return str(database().command("dbHash")["md5"])


def call(client: Any, world: World, method: str, route: str) -> Any:
    return getattr(client, method)(world.path(route), BODIES.get(f"{method} {route}", {}))


def test_every_operation_has_its_row() -> None:
    missing = [operation for operation in api_routes() if operation not in RULES]
    assert not missing, f"say in TABLE who may: {missing}"


@pytest.mark.parametrize("name", ["anonymous", "alice", "bob", "sam", "sue", "ada"])
def test_who_may_not_is_refused_and_changes_nothing(
    name: str, request: pytest.FixtureRequest, api: Api, world: World
) -> None:
    user = None if name == "anonymous" else request.getfixturevalue(name)
    client, before, wrong = api(user), stored(), []
    for method, route in api_routes():
        who = RULES[method, route]
        if who == PUBLIC:
            continue
        if user is None or who == DEVICE:
            expected = 401
        elif user.role not in ROLES[who]:
            expected = 403
        elif "<" in route and name in ("bob", "sue"):
            expected = 404
        else:
            continue
        response = call(client, world, method, route)
        problem = response["Content-Type"] == "application/problem+json"
        challenge = expected != 401 or "WWW-Authenticate" in response
        if response.status_code != expected or not problem or not challenge or stored() != before:
            wrong.append((method, route, expected, response.status_code, response.content[:200]))
            before = stored()
    assert not wrong


@pytest.mark.parametrize("name", ["alice", "sam", "ada"])
def test_who_may_read_is_answered(name: str, request: pytest.FixtureRequest, api: Api, world: World) -> None:
    user = request.getfixturevalue(name)
    client, wrong = api(user), []
    for method, route in api_routes():
        theirs = "<" not in route or name != "sam" or "/supplier/" in route
        if method != "get" or not theirs or RULES[method, route] == PUBLIC:
            continue
        if user.role in ROLES[RULES[method, route]]:
            response = call(client, world, method, route)
            expected = (404, 200) if route.endswith(("/current", "/device")) else (200,)
            if response.status_code not in expected:
                wrong.append((route, response.status_code, response.content[:200]))
    assert not wrong


def test_a_list_holds_ones_own_alone(
    api: Api, world: World, alice: Any, bob: Any, sam: Any, sue: Any
) -> None:
    lists = {
        CUSTOMER: ("/api/tanks", "/api/orders", "/api/notifications", "/api/webhooks"),
        SUPPLIER: ("/api/supplier/orders", "/api/supplier/drivers", "/api/supplier/vehicles"),
    }
    for owner, other, paths in ((alice, bob, lists[CUSTOMER]), (sam, sue, lists[SUPPLIER])):
        for path in paths:
            assert api(owner).get(path).json()["count"] >= 1, path
            assert api(other).get(path).json()["count"] == 0, path
