"""The customer's API of orders, through HTTP."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from bson import ObjectId

from common.mongo import collection
from common.time import iso, utc_now
from orders.models import Order
from orders.services import order_accept
from orders.services.replenishment import tank_replenish

Api = Callable[..., Any]
SetLevel = Callable[..., None]
ORDER_FIELDS = {
    "id",
    "orderNumber",
    "userId",
    "tankId",
    "supplierId",
    "orderDate",
    "scheduledDeliveryDate",
    "actualDeliveryDate",
    "status",
    "statusHistory",
    "amount",
    "price",
    "currency",
    "invoiceNumber",
    "paymentStatus",
    "payment",
    "delivery",
    "tracking",
    "deliveryNotes",
    "customerSignature",
    "driverNotes",
    "createdAt",
    "updatedAt",
}


def placed(api: Api, user: Any, tank: Any, **fields: Any) -> Any:
    return api(user).post("/api/orders", {"tankId": str(tank.pk), "amount": 1_000, **fields})


def test_quotes_list_every_offer_field_cheapest_first(
    api: Api, alice: Any, tank: Any, sam: Any, sue: Any
) -> None:
    response = api(alice).post("/api/orders/quote", {"tankId": str(tank.pk), "amount": 1_000})
    assert response.status_code == 200
    offers = response.json()["results"]
    assert [offer["company"] for offer in offers] == ["Sam's Springs", "Sue's Source"]
    assert set(offers[0]) == {
        "supplierId",
        "company",
        "amount",
        "pricePerLiter",
        "price",
        "currency",
        "earliestDelivery",
        "rating",
    }
    assert (offers[0]["price"], offers[0]["pricePerLiter"], offers[0]["currency"]) == (20.0, 0.02, "USD")
    assert offers[0]["earliestDelivery"].endswith("Z")


def test_a_quote_can_be_asked_of_one_supplier(api: Api, alice: Any, tank: Any, sam: Any, sue: Any) -> None:
    body = {"tankId": str(tank.pk), "amount": 1_000, "supplierId": str(sue.pk)}
    offers = api(alice).post("/api/orders/quote", body).json()["results"]
    assert [offer["supplierId"] for offer in offers] == [str(sue.pk)]


def test_ordering_answers_the_whole_order(api: Api, alice: Any, tank: Any, sam: Any) -> None:
    wished = utc_now() + timedelta(days=3)
    response = placed(api, alice, tank, requestedDate=iso(wished), notes="Ring twice", paymentMethod="cash")
    assert response.status_code == 201
    order = response.json()
    assert set(order) >= ORDER_FIELDS
    assert (order["status"], order["amount"], order["price"], order["currency"]) == (
        "placed",
        1_000,
        20.0,
        "USD",
    )
    assert (order["userId"], order["tankId"], order["supplierId"]) == (
        str(alice.pk),
        str(tank.pk),
        str(sam.pk),
    )
    assert (order["requestedDate"], order["deliveryNotes"]) == (iso(wished), "Ring twice")
    assert order["payment"]["method"] == "cash"
    (step,) = order["statusHistory"]
    assert set(step) == {"status", "timestamp", "updatedBy", "notes"}
    assert step["updatedBy"] == str(alice.pk)
    assert response["Location"].endswith(f"/api/orders/{order['id']}")
    assert api(alice).get(f"/api/orders/{order['id']}").json() == order


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"amount": 0}, "amount"),
        ({"amount": "100"}, "amount"),
        ({"amount": True}, "amount"),
        ({"amount": 1e300}, "amount"),
        ({"tankId": "nonsense"}, "tankId"),
        ({"tankId": None}, "tankId"),
        ({"supplierId": "x"}, "supplierId"),
        ({"requestedDate": "tomorrow"}, "requestedDate"),
        ({"requestedDate": "2020-01-01T00:00:00Z"}, "requestedDate"),
        ({"notes": 5}, "notes"),
        ({"notes": "x" * 1_001}, "notes"),
        ({"paymentMethod": "x" * 33}, "paymentMethod"),
    ],
)
def test_a_bad_field_is_named(
    api: Api, alice: Any, tank: Any, sam: Any, fields: dict[str, Any], field: str
) -> None:
    response = placed(api, alice, tank, **fields)
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert field in response.json()["errors"]
    assert Order.objects.count() == 0


def test_too_much_and_no_supplier_have_their_codes(
    api: Api, alice: Any, tank: Any, sam: Any, set_level: SetLevel
) -> None:
    set_level(tank, 60)
    response = placed(api, alice, tank, amount=5_000)
    assert (response.status_code, response.json()["code"]) == (400, "exceeds_capacity")
    alice.address.postal_code = "99999"
    alice.save()
    response = placed(api, alice, tank)
    assert (response.status_code, response.json()["code"]) == (409, "no_supplier")


def test_a_key_repeated_orders_once_and_answers_alike(api: Api, alice: Any, tank: Any, sam: Any) -> None:
    client = api(alice)
    body = {"tankId": str(tank.pk), "amount": 500}

    def send(_: int) -> Any:
        return api(alice).post("/api/orders", body, headers={"Idempotency-Key": "k1"})

    with ThreadPoolExecutor(6) as pool:
        responses = list(pool.map(send, range(6)))
    assert {response.status_code for response in responses} == {201}
    assert len({response.content for response in responses}) == 1
    assert Order.objects.count() == 1
    other = client.post("/api/orders", {**body, "amount": 600}, headers={"Idempotency-Key": "k1"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_lists_are_newest_first_paged_and_filtered(
    api: Api, alice: Any, bob: Any, tank: Any, sam: Any
) -> None:
    ids = [placed(api, alice, tank, amount=100).json()["id"] for _ in range(3)]
    api(alice).patch(f"/api/orders/{ids[0]}/cancel", {})
    client = api(alice)
    page = client.get("/api/orders?pageSize=2").json()
    assert (page["count"], page["previous"], [row["id"] for row in page["results"]]) == (3, None, ids[:0:-1])
    last = client.get(page["next"]).json()
    assert [row["id"] for row in last["results"]] == ids[:1]

    def found(query: str) -> list[str]:
        return [row["id"] for row in client.get(f"/api/orders?{query}").json()["results"]]

    assert found("status=cancelled") == ids[:1]
    assert found(f"tankId={tank.pk}") == ids[::-1]
    assert found(f"tankId={ObjectId()}") == []
    middle = page["results"][1]["orderDate"]
    assert found(f"from={middle}") == ids[:0:-1]
    assert found(f"to={middle}") == ids[:1]
    assert api(bob).get("/api/orders").json()["results"] == []


@pytest.mark.parametrize("query", ["status=lost", "tankId=1", "from=x", "to=1", "page=0", "pageSize=101"])
def test_a_filter_that_makes_no_sense_is_refused(api: Api, alice: Any, query: str) -> None:
    response = api(alice).get(f"/api/orders?{query}")
    assert response.status_code == 400
    assert query.split("=")[0] in response.json()["errors"]


def test_cancelling_twice_is_a_conflict(api: Api, alice: Any, order: Any) -> None:
    client = api(alice)
    response = client.patch(f"/api/orders/{order.pk}/cancel", {"reason": "rain"})
    assert (response.status_code, response.json()["status"]) == (200, "cancelled")
    assert response.json()["statusHistory"][-1]["notes"] == "rain"
    again = client.patch(f"/api/orders/{order.pk}/cancel", {})
    assert (again.status_code, again.json()["code"]) == (409, "cannot_cancel")


def test_rescheduling_moves_the_date(api: Api, alice: Any, order: Any) -> None:
    day = iso(utc_now() + timedelta(days=5))
    address = f"/api/orders/{order.pk}/reschedule"
    response = api(alice).patch(address, {"scheduledDeliveryDate": day})
    assert (response.status_code, response.json()["scheduledDeliveryDate"]) == (200, day)
    assert api(alice).patch(address, {}).status_code == 400
    past = api(alice).patch(address, {"scheduledDeliveryDate": "2020-01-01T00:00:00Z"})
    assert (past.status_code, list(past.json()["errors"])) == (400, ["scheduledDeliveryDate"])
    collection(Order).update_one({"_id": order.pk}, {"$set": {"status": "in_transit"}})
    late = api(alice).patch(address, {"scheduledDeliveryDate": day})
    assert (late.status_code, late.json()["code"]) == (409, "cannot_reschedule")


def test_paying_gives_an_intent(api: Api, alice: Any, order: Any) -> None:
    response = api(alice).post(f"/api/orders/{order.pk}/pay", {"paymentMethod": "transfer"})
    assert response.status_code == 201
    intent = response.json()
    assert (intent["orderId"], intent["provider"], intent["status"]) == (str(order.pk), "manual", "pending")
    assert (intent["amount"], intent["currency"], intent["reference"]) == (20.0, "USD", order.order_number)


def test_reviews_are_given_once_after_delivery(api: Api, alice: Any, order: Any) -> None:
    address = f"/api/orders/{order.pk}/review"
    assert api(alice).post(address, {"rating": 5}).json()["code"] == "not_delivered"
    collection(Order).update_one({"_id": order.pk}, {"$set": {"status": "delivered"}})
    for rating in (0, 6, 4.5, "5", None):
        assert api(alice).post(address, {"rating": rating}).status_code == 400
    response = api(alice).post(address, {"rating": 4, "comment": "Quick"})
    assert (response.status_code, response.json()["review"]["rating"]) == (201, 4)
    again = api(alice).post(address, {"rating": 1})
    assert (again.status_code, again.json()["code"]) == (409, "already_reviewed")


def test_statistics_count_what_was_delivered(api: Api, alice: Any, sam: Any, order: Any) -> None:
    empty = api(alice).get("/api/orders/statistics").json()
    assert (empty["totalOrders"], empty["totalLiters"], empty["averagePricePerLiter"]) == (1, 0, None)
    done = {
        "status": "delivered",
        "is_open": False,
        "delivered_liters": 1_000.0,
        "actual_delivery_date": utc_now(),
    }
    collection(Order).update_one({"_id": order.pk}, {"$set": done})
    figures = api(alice).get("/api/orders/statistics").json()
    assert (figures["totalLiters"], figures["totalSpent"], figures["averagePricePerLiter"]) == (
        1_000,
        20.0,
        0.02,
    )
    assert figures["byStatus"]["delivered"] == 1
    assert [month["liters"] for month in figures["months"]] == [1_000]


def test_an_automatic_order_tells_why(api: Api, alice: Any, auto_tank: Any, sam: Any) -> None:
    order = tank_replenish(tank_id=auto_tank.pk)
    assert order is not None
    shown = api(alice).get(f"/api/orders/{order.pk}").json()
    assert shown["auto"] is True
    assert (shown["why"]["level"], shown["why"]["rule"]) == (20, "low_water")
    assert shown["statusHistory"][0]["updatedBy"] is None


def test_an_unchanged_order_is_not_sent_again(api: Api, alice: Any, sam: Any, order: Any) -> None:
    client = api(alice)
    first = client.get(f"/api/orders/{order.pk}")
    again = client.get(f"/api/orders/{order.pk}", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    order_accept(order=order, by=sam)
    changed = client.get(f"/api/orders/{order.pk}", headers={"If-None-Match": first["ETag"]})
    assert changed.status_code == 200


MINE = [
    ("get", "", None),
    ("patch", "/cancel", {}),
    ("patch", "/reschedule", {"scheduledDeliveryDate": "2027-01-01T00:00:00Z"}),
    ("post", "/pay", {}),
    ("post", "/review", {"rating": 5}),
]


@pytest.mark.parametrize(("method", "path", "body"), MINE)
def test_an_order_of_another_is_not_there_and_other_roles_are_refused(
    api: Api, bob: Any, sam: Any, sue: Any, ada: Any, order: Any, method: str, path: str, body: Any
) -> None:
    before = collection(Order).find_one({"_id": order.pk})
    seen = []
    for user in (None, bob, sam, sue, ada):
        response = getattr(api(user), method)(f"/api/orders/{order.pk}{path}", body)
        seen.append(response.status_code)
    assert seen == [401, 404, 403, 403, 403]
    assert collection(Order).find_one({"_id": order.pk}) == before


def test_a_tank_of_another_cannot_be_ordered_for(api: Api, bob: Any, tank: Any, sam: Any) -> None:
    assert placed(api, bob, tank).status_code == 404
    quote = api(bob).post("/api/orders/quote", {"tankId": str(tank.pk), "amount": 10})
    assert quote.status_code == 404


def test_operators_see_all_orders_and_figures(api: Api, ada: Any, alice: Any, order: Any) -> None:
    page = api(ada).get("/api/admin/orders?status=placed").json()
    assert (page["count"], page["results"][0]["customer"]["name"]) == (1, "Alice Well")
    assert page["results"][0]["supplier"]["company"] == "Sam's Springs"
    assert api(ada).get(f"/api/admin/orders/{order.pk}").json() == page["results"][0]
    figures = api(ada).get("/api/admin/statistics").json()
    assert (figures["users"], figures["orders"]["placed"]) == ({"customer": 1, "supplier": 1, "admin": 1}, 1)
    for path in ("orders", f"orders/{order.pk}", "statistics"):
        assert api(alice).get(f"/api/admin/{path}").status_code == 403
        assert api().get(f"/api/admin/{path}").status_code == 401
