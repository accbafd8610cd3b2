"""Lists of orders: each by an index, in its order, and in few round trips however many rows."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from bson import ObjectId

from common.mongo import collection, database
from common.time import utc_now
from orders.models import Order, Status
from orders.selectors import NOT_READ

Api = Callable[..., Any]
ORDERS = 3_000
CUSTOMERS = 60
SUPPLIERS = 3


@pytest.fixture
def many(order: Any, alice: Any, sam: Any) -> None:
    """3,000 orders of 60 customers and 3 suppliers, alice and sam among them, in every status."""
    row = collection(Order).find_one({"_id": order.pk})
    customers = [alice.pk, *(ObjectId() for _ in range(CUSTOMERS - 1))]
    suppliers = [sam.pk, *(ObjectId() for _ in range(SUPPLIERS - 1))]
    now = utc_now()
    collection(Order).insert_many(
        {
            **row,
            "_id": ObjectId(),
            "order_number": f"WO-X{number}",
            "user_id": customers[number % CUSTOMERS],
            "supplier_id": suppliers[number // CUSTOMERS % SUPPLIERS],
            "tank_id": row["tank_id"] if number % CUSTOMERS == 0 else ObjectId(),
            "status": Status.values[number // CUSTOMERS % len(Status.values)],
            "is_open": False,
            "order_date": now - timedelta(minutes=number),
            "scheduled_delivery_date": now + timedelta(minutes=number),
        }
        for number in range(ORDERS)
    )


@pytest.fixture
def commands() -> Iterator[Callable[[], int]]:
    """How many commands the database was sent since the last call."""
    db = database()
    db.command("profile", 2)

    def count() -> int:
        db.command("profile", 0)
        number = db["system.profile"].count_documents({"op": {"$in": ["query", "command"]}})
        db["system.profile"].drop()
        db.command("profile", 2)
        return number

    count()
    yield count
    db.command("profile", 0)
    db["system.profile"].drop()


def stages(plan: dict[str, Any]) -> set[str]:
    inner = [plan["inputStage"]] if "inputStage" in plan else plan.get("inputStages", [])
    return {plan["stage"]}.union(*(stages(one) for one in inner))


@pytest.mark.parametrize(
    ("wanted", "sort"),
    [
        ({"user_id": "alice"}, "-order_date"),
        ({"user_id": "alice", "status": "placed"}, "-order_date"),
        ({"user_id": "alice", "order_date": "lately"}, "-order_date"),
        ({"supplier_id": "sam"}, "-order_date"),
        ({"supplier_id": "sam", "status": "placed"}, "-order_date"),
        ({"supplier_id": "sam", "scheduled_delivery_date": "soon"}, "scheduled_delivery_date"),
        ({}, "-order_date"),
        ({"status": "placed"}, "-order_date"),
        ({"tank_id": "tank"}, "-order_date"),
    ],
)
def test_every_list_is_read_in_order_from_an_index(
    many: None, alice: Any, sam: Any, tank: Any, wanted: dict[str, Any], sort: str
) -> None:
    values = {
        "alice": alice.pk,
        "sam": sam.pk,
        "tank": tank.pk,
        "lately": {"$gte": utc_now() - timedelta(days=1)},
        "soon": {"$gte": utc_now(), "$lt": utc_now() + timedelta(days=1)},
    }
    query = {name: values.get(value, value) for name, value in wanted.items()}
    direction = -1 if sort.startswith("-") else 1
    found = collection(Order).find(query, NOT_READ).sort(sort.removeprefix("-"), direction).limit(20)
    explained = found.explain()
    assert not stages(explained["queryPlanner"]["winningPlan"]) & {"COLLSCAN", "SORT"}
    figures = explained["executionStats"]
    assert figures["nReturned"] > 0
    assert figures["totalDocsExamined"] <= 3 * figures["nReturned"]


def test_what_placing_and_sweeping_ask_is_indexed(many: None, tank: Any) -> None:
    old = {"$lt": utc_now()}
    queries: list[dict[str, Any]] = [
        {"tank_id": tank.pk, "is_open": True},
        {"unannounced": True, "updated_at": old},
        {"status": "cancelled", "payment_status": "paid", "updated_at": old},
        {"review.counted": False, "updated_at": old},
        {"order_number": "WO-X5"},
    ]
    for query in queries:
        plan = collection(Order).find(query).explain()["queryPlanner"]["winningPlan"]
        assert "COLLSCAN" not in stages(plan), query


@pytest.mark.parametrize(
    ("who", "path"),
    [
        ("alice", "/api/orders"),
        ("sam", "/api/supplier/orders"),
        ("sam", "/api/supplier/schedule"),
        ("ada", "/api/admin/orders"),
    ],
)
def test_a_page_takes_the_same_few_round_trips_whatever_its_size(
    many: None, alice: Any, sam: Any, ada: Any, api: Api, commands: Callable[[], int], who: str, path: str
) -> None:
    client = api({"alice": alice, "sam": sam, "ada": ada}[who])
    client.get(f"{path}?pageSize=1")
    commands()
    counts = []
    for size in (1, 50):
        assert len(client.get(f"{path}?pageSize={size}").json()["results"]) == size
        counts.append(commands())
    assert counts[0] == counts[1] <= 6
