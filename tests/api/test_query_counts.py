"""No list asks once for each of its results: thirty cost as many commands as one."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from bson import ObjectId

from accounts.models import User
from common.mongo import collection
from common.time import utc_now
from notifications.models import WebhookDelivery, WebhookEndpoint
from orders.models import Order
from orders.services import order_place
from suppliers import crew
from tanks import readings
from tanks.models import Alert, AlertKind, CurrentLevel, Device, Tank
from tests.api.commands import COMMANDS
from tests.api.routes import api_lists
from tests.factories import NotificationFactory, SupplierFactory, TankFactory, UserFactory

Api = Callable[..., Any]
MANY = 30
MOST_COMMANDS = 6


class World:
    """Alice's tank and what goes with it, and more of everything with `grow`."""

    def __init__(self, alice: User, sam: User) -> None:
        self.alice, self.sam = alice, sam
        self.tank = TankFactory(user=alice)
        placed = order_place(user=alice, tank=self.tank, amount=1_000, supplier_id=sam.pk)
        self.order = collection(Order).find_one({"_id": placed.pk}) or {}
        self.webhook = WebhookEndpoint.objects.create(user=alice, url="https://hooks.example.org/")
        self.size = 0

    def grow(self, *, size: int) -> None:
        for number in range(self.size, size):
            self.grow_by_one(number)
        self.size = size

    def grow_by_one(self, number: int) -> None:
        now = utc_now()
        level = CurrentLevel(level=20, volume_liters=2_000, timestamp=now)
        tank = TankFactory(user=self.alice, current_level=level)
        Device.objects.create(device_id=f"roof-{number}", tank=tank, secret_hash="0" * 64)
        for alerted, is_open in ((tank, True), (self.tank, False)):
            Alert.objects.create(
                tank=alerted,
                is_open=is_open,
                user_id=self.alice.pk,
                kind=AlertKind.LOW,
                severity="warning",
                opened_at=now - timedelta(minutes=number),
            )
        customer = UserFactory()
        theirs = TankFactory(user=customer, supplier_ids=[self.sam.pk])
        other = SupplierFactory()
        owners = [
            (self.alice, tank, other),
            (customer, theirs, self.sam.supplier),
        ]
        for serial, (user, filled, supplier) in enumerate(owners):
            collection(Order).insert_one(
                {
                    **self.order,
                    "_id": ObjectId(),
                    "order_number": f"WO-{number}-{serial}",
                    "user_id": user.pk,
                    "tank_id": filled.pk,
                    "supplier_id": supplier.pk,
                    "status": "scheduled",
                    "scheduled_delivery_date": now + timedelta(hours=number),
                }
            )
        driver = crew.driver_create(supplier_id=self.sam.pk, name="Dan")
        crew.vehicle_create(
            supplier_id=self.sam.pk, name="Tanker", capacity_liters=9_000, driver_id=driver.pk
        )
        NotificationFactory(user=self.alice)
        WebhookEndpoint.objects.create(user=self.alice, url="https://hooks.example.org/")
        WebhookDelivery.objects.create(endpoint=self.webhook, key=f"k{number}", type="tank.low")
        readings.insert([readings.Reading(self.tank.series, now - timedelta(minutes=number), 50, 5_000)])


@pytest.fixture
def world(alice: User, sam: User) -> World:
    return World(alice, sam)


def test_thirty_results_cost_as_many_commands_as_one(
    world: World, alice: User, sam: User, ada: User, api: Api
) -> None:
    clients = {"admin": api(ada), "supplier": api(sam)}
    ids = {"<oid:tank_id>": str(world.tank.pk), "<oid:webhook_id>": str(world.webhook.pk)}
    lists = [*api_lists(), "/api/tanks/<oid:tank_id>/levels"]
    costs: dict[str, list[list[str]]] = {route: [] for route in lists}
    for size in (1, MANY):
        world.grow(size=size)
        for route in lists:
            path = route
            for name, value in ids.items():
                path = path.replace(name, value)
            client = clients.get(path.split("/")[2]) or clients.setdefault("", api(alice))
            client.get("/api/users/me")  # from here on Redis knows that the sign-in lives
            paging = "" if path.endswith("/levels") else "?pageSize=100"
            with COMMANDS.listening() as heard:
                response = client.get(path + paging)
            assert response.status_code == 200, (path, response.content)
            assert len(response.json()["results"]) >= size, path
            costs[route].append(heard)
    assert all(heard for cost in costs.values() for heard in cost), "the listener hears nothing"
    grown = {route: cost for route, cost in costs.items() if len(cost[0]) != len(cost[1])}
    assert not grown
    assert not {route: cost for route, cost in costs.items() if len(cost[1]) > MOST_COMMANDS}
    assert Tank.objects.count() == 1 + 2 * MANY
