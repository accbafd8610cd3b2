"""The supplier's API, through HTTP."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from bson import ObjectId

from common.mongo import collection
from common.time import iso, utc_now
from orders.models import Order
from suppliers.models import Driver, Vehicle

Api = Callable[..., Any]


def move(api: Api, user: Any, order: Any, status: str, **fields: Any) -> Any:
    return api(user).patch(f"/api/supplier/orders/{order.pk}/status", {"status": status, **fields})


def test_an_order_goes_all_its_way(api: Api, alice: Any, sam: Any, order: Any) -> None:
    driver = api(sam).post("/api/supplier/drivers", {"name": "Dan"}).json()
    day = iso(utc_now() + timedelta(days=1))
    assert move(api, sam, order, "acknowledged", notes="fine").json()["status"] == "acknowledged"
    scheduled = move(api, sam, order, "scheduled", scheduledDeliveryDate=day, driverId=driver["id"]).json()
    assert (scheduled["scheduledDeliveryDate"], scheduled["delivery"]["driverName"]) == (day, "Dan")
    assert move(api, sam, order, "in_transit").json()["status"] == "in_transit"
    delivered = move(api, sam, order, "delivered", deliveredLiters=800, notes="Dog").json()
    assert (delivered["status"], delivered["price"], delivered["delivery"]["deliveredLiters"]) == (
        "delivered",
        16.0,
        800,
    )
    assert delivered["actualDeliveryDate"] is not None
    seen = api(alice).get(f"/api/orders/{order.pk}").json()
    assert [step["status"] for step in seen["statusHistory"]] == [
        "placed",
        "acknowledged",
        "scheduled",
        "in_transit",
        "delivered",
    ]
    assert seen["driverNotes"] == "Dog"


def test_supplier_sees_whom_and_what_it_is_for(api: Api, alice: Any, sam: Any, order: Any) -> None:
    shown = api(sam).get(f"/api/supplier/orders/{order.pk}").json()
    assert (shown["customer"]["name"], shown["customer"]["address"]["postalCode"]) == ("Alice Well", "10115")
    assert (shown["tank"]["name"], shown["tank"]["capacity"]) == ("Roof tank", 10_000)
    assert "email" not in shown["customer"]


@pytest.mark.parametrize("status", ["placed", "scheduled", "in_transit", "delivered"])
def test_a_jump_is_a_conflict(api: Api, sam: Any, order: Any, status: str) -> None:
    response = move(api, sam, order, status)
    assert (response.status_code, response.json()["code"]) == (409, "invalid_transition")
    assert Order.objects.get(pk=order.pk).status == "placed"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"status": "lost"}, "status"),
        ({"status": None}, "status"),
        ({"status": "scheduled", "scheduledDeliveryDate": "x"}, "scheduledDeliveryDate"),
        ({"status": "delivered", "deliveredLiters": -1}, "deliveredLiters"),
        ({"status": "delivered", "deliveredLiters": 0}, "deliveredLiters"),
        ({"status": "acknowledged", "notes": ["x"]}, "notes"),
    ],
)
def test_a_bad_field_is_named(api: Api, sam: Any, order: Any, fields: dict[str, Any], field: str) -> None:
    response = move(api, sam, order, **fields)
    assert response.status_code == 400
    assert field in response.json()["errors"]


def test_a_driver_of_nobody_is_not_found(api: Api, sam: Any, order: Any) -> None:
    assert move(api, sam, order, "scheduled", driverId=str(ObjectId())).status_code == 404


def test_a_declined_order_is_no_longer_theirs(api: Api, alice: Any, sam: Any, sue: Any, order: Any) -> None:
    response = move(api, sam, order, "cancelled", notes="no truck")
    assert response.status_code == 200
    left = response.json()
    assert (left["status"], left["supplierId"], left["price"]) == ("cancelled", str(sam.pk), 20.0)
    assert left["statusHistory"][-1]["notes"] == "no truck"
    assert api(sam).get(f"/api/supplier/orders/{order.pk}").status_code == 404
    assert move(api, sam, order, "acknowledged").status_code == 404
    seen = api(alice).get(f"/api/orders/{order.pk}").json()
    assert (seen["status"], seen["supplierId"], seen["price"]) == ("placed", str(sue.pk), 22.0)
    assert move(api, sue, order, "cancelled").json()["status"] == "cancelled"
    assert api(alice).get(f"/api/orders/{order.pk}").json()["status"] == "cancelled"


def test_lists_show_ones_own_by_status(api: Api, sam: Any, sue: Any, order: Any) -> None:
    assert [row["id"] for row in api(sam).get("/api/supplier/orders?status=placed").json()["results"]] == [
        str(order.pk)
    ]
    assert api(sam).get("/api/supplier/orders?status=delivered").json()["count"] == 0
    assert api(sue).get("/api/supplier/orders").json()["count"] == 0
    assert api(sam).get("/api/supplier/orders?status=x").status_code == 400


def test_money_that_came_is_noted_once(api: Api, alice: Any, sam: Any, order: Any) -> None:
    address = f"/api/supplier/orders/{order.pk}/payment"
    paid = api(sam).patch(address, {"paymentStatus": "paid"}).json()
    assert (paid["paymentStatus"], paid["payment"]["amount"]) == ("paid", 20.0)
    again = api(sam).patch(address, {"paymentStatus": "paid"})
    assert (again.status_code, again.json()["code"]) == (409, "already_paid")
    assert api(sam).patch(address, {"paymentStatus": "refunded"}).status_code == 400
    cancelled = api(alice).patch(f"/api/orders/{order.pk}/cancel", {}).json()
    assert (cancelled["paymentStatus"], cancelled["payment"]["refunded"]) == ("refunded", 20.0)


def test_the_schedule_holds_planned_deliveries_soonest_first(
    api: Api, alice: Any, tank: Any, sam: Any, sue: Any, order: Any
) -> None:
    from orders.services import order_accept, order_place, order_schedule

    now = utc_now()
    planned = []
    for days in (3, 1, 20):
        one = order_accept(order=order_place(user=alice, tank=tank, amount=100), by=sam)
        order_schedule(order=one, by=sam, scheduled_delivery_date=now + timedelta(days=days))
        planned.append(str(one.pk))
    client = api(sam)
    week = client.get("/api/supplier/schedule").json()
    assert [row["id"] for row in week["results"]] == [planned[1], planned[0]]
    later = client.get(
        f"/api/supplier/schedule?from={iso(now + timedelta(days=10))}&to={iso(now + timedelta(days=30))}"
    )
    assert [row["id"] for row in later.json()["results"]] == [planned[2]]
    assert api(sue).get("/api/supplier/schedule").json()["count"] == 0
    assert client.get("/api/supplier/schedule?from=x").status_code == 400


def test_customers_are_listed_with_their_tanks_and_orders(
    api: Api, alice: Any, sam: Any, sue: Any, order: Any
) -> None:
    (customer,) = api(sam).get("/api/supplier/customers").json()["results"]
    assert (customer["name"], customer["orderCount"], customer["openOrders"]) == ("Alice Well", 1, 1)
    assert [tank["name"] for tank in customer["tanks"]] == ["Roof tank"]
    assert api(sue).get("/api/supplier/customers").json()["count"] == 0


def test_the_dashboard_counts_ones_own(api: Api, sam: Any, sue: Any, order: Any) -> None:
    figures = api(sam).get("/api/supplier/dashboard").json()
    assert (figures["toAnswer"], figures["ordersByStatus"]["placed"], figures["customers"]) == (1, 1, 1)
    assert figures["revenueLast30Days"] == 0
    assert api(sue).get("/api/supplier/dashboard").json()["toAnswer"] == 0


def test_drivers_are_kept(api: Api, sam: Any, sue: Any) -> None:
    client = api(sam)
    made = client.post("/api/supplier/drivers", {"name": "Dan", "phone": "+49301"})
    assert (made.status_code, made.json()["active"]) == (201, True)
    address = f"/api/supplier/drivers/{made.json()['id']}"
    assert client.patch(address, {"active": False}).json()["active"] is False
    assert client.get(address).json()["name"] == "Dan"
    assert client.get("/api/supplier/drivers").json()["count"] == 1
    assert api(sue).get("/api/supplier/drivers").json()["count"] == 0
    for method, body in (("get", None), ("patch", {"name": "X"}), ("delete", None)):
        assert getattr(api(sue), method)(address, body).status_code == 404
    assert client.delete(address).status_code == 204
    assert Driver.objects.count() == 0


def test_vehicles_are_kept_and_lose_a_driver_who_leaves(api: Api, sam: Any, sue: Any) -> None:
    client = api(sam)
    driver = client.post("/api/supplier/drivers", {"name": "Dan"}).json()
    body = {"name": "Blue", "plate": "B-W 1", "capacityLiters": 8_000, "driverId": driver["id"]}
    made = client.post("/api/supplier/vehicles", body)
    assert (made.status_code, made.json()["capacityLiters"], made.json()["driverId"]) == (
        201,
        8_000,
        driver["id"],
    )
    address = f"/api/supplier/vehicles/{made.json()['id']}"
    client.delete(f"/api/supplier/drivers/{driver['id']}")
    assert client.get(address).json()["driverId"] is None
    stranger = api(sue).post("/api/supplier/drivers", {"name": "Eve"}).json()
    refused = client.patch(address, {"driverId": stranger["id"]})
    assert refused.status_code == 404
    assert client.patch(address, {"capacityLiters": 0}).status_code == 400
    assert api(sue).get(address).status_code == 404
    assert client.delete(address).status_code == 204
    assert Vehicle.objects.count() == 0


def test_only_suppliers_come_in_and_nothing_changes_for_others(
    api: Api, alice: Any, sue: Any, ada: Any, order: Any
) -> None:
    before = collection(Order).find_one({"_id": order.pk})
    for path in ("orders", f"orders/{order.pk}", "schedule", "customers", "dashboard", "drivers", "vehicles"):
        assert api().get(f"/api/supplier/{path}").status_code == 401
        assert api(alice).get(f"/api/supplier/{path}").status_code == 403
        assert api(ada).get(f"/api/supplier/{path}").status_code == 403
    assert [move(api, user, order, "acknowledged").status_code for user in (None, alice, ada, sue)] == [
        401,
        403,
        403,
        404,
    ]
    assert collection(Order).find_one({"_id": order.pk}) == before
