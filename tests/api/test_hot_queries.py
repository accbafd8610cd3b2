"""What the hot requests ask of MongoDB, on data of a working size: always by an index, and only what is needed.

The commands are those the server itself was sent, from its profiler, so nothing is left out or guessed.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from bson import ObjectId
from pymongo import IndexModel, WriteConcern

from accounts.models import User
from accounts.tokens import tokens_issue
from common.mongo import Document, collection, database
from common.time import utc_now
from notifications.models import Notification
from orders.models import Order, Status
from orders.services import order_place
from tanks import readings
from tanks.models import CurrentLevel, Tank
from tests.factories import PASSWORD, NotificationFactory, TankFactory

Api = Callable[..., Any]

USERS, ORDERS, READINGS, NOTIFICATIONS, TANKS = 50_000, 200_000, 1_000_000, 50_000, 20_000
ALICES_ORDERS, ALICES_NOTIFICATIONS, ALICES_TANKS, SAMS_SHARE = 400, 400, 30, 40
SERIES_READINGS = 50_000
CHUNK = 20_000
MOST_COMMANDS = 6
FILLED = [User, Order, Notification, Tank]


class Bulk:
    """Collections filled quickly, their indexes made last, and emptied quickly: dropped and made anew as they were."""

    def __init__(self, names: list[str]) -> None:
        self.db = database()
        self.options = {
            row["name"]: row["options"] for row in self.db.list_collections(filter={"name": {"$in": names}})
        }
        self.indexes = {name: [*self._models(name)] for name in names}
        for name, indexes in self.indexes.items():
            if indexes:
                self.db[name].drop_indexes()

    def _models(self, name: str) -> Iterator[IndexModel]:
        for index in self.db[name].list_indexes():
            if index["name"] != "_id_" and not index.get("clustered"):
                kept = {option: value for option, value in index.items() if option not in ("v", "key")}
                yield IndexModel(list(index["key"].items()), **kept)

    def make_indexes(self) -> None:
        for name, indexes in self.indexes.items():
            if indexes:
                self.db[name].create_indexes(indexes)

    def empty(self) -> None:
        for name in self.indexes:
            self.db.drop_collection(name)
            self.db.create_collection(name, **self.options.get(name, {}))
        self.make_indexes()


def fill(name: str, rows: Iterator[Document]) -> None:
    """Inserts in chunks without waiting for the journal: nothing here has to survive."""
    quick = database()[name].with_options(write_concern=WriteConcern(w=1, j=False))
    chunk: list[Document] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == CHUNK:
            quick.insert_many(chunk, ordered=False)
            chunk = []
    if chunk:
        quick.insert_many(chunk, ordered=False)


def many_users(alice: Any) -> Iterator[Document]:
    row = collection(User).find_one({"_id": alice.pk}) or {}
    for number in range(USERS):
        yield {**row, "_id": ObjectId(), "email": f"many{number}@example.net"}


def many_orders(order: Document, sam: Any) -> Iterator[Document]:
    now = utc_now()
    others = [ObjectId() for _ in range(500)]
    for number in range(ORDERS):
        yield {
            **order,
            "_id": ObjectId(),
            "order_number": f"WO-X{number}",
            "user_id": order["user_id"] if number % (ORDERS // ALICES_ORDERS) == 0 else others[number % 499],
            "supplier_id": sam.pk if number % SAMS_SHARE == 0 else others[number % 500],
            "tank_id": others[number % 500],
            "status": Status.values[number // SAMS_SHARE % len(Status.values)],
            "is_open": False,
            "order_date": now - timedelta(minutes=number),
            "scheduled_delivery_date": now + timedelta(minutes=number % 10_000),
        }


def many_notifications(row: Document) -> Iterator[Document]:
    others = [ObjectId() for _ in range(500)]
    mine = NOTIFICATIONS // ALICES_NOTIFICATIONS
    for number in range(NOTIFICATIONS):
        yield {
            **row,
            "_id": ObjectId(),
            "key": f"many:{number}",
            "user_id": row["user_id"] if number % mine == 0 else others[number % 500],
            "read": number % (2 * mine) == 0,
            "created_at": utc_now() - timedelta(minutes=number),
        }


def many_tanks(row: Document) -> Iterator[Document]:
    for number in range(TANKS):
        mine = number % (TANKS // ALICES_TANKS) == 0
        yield {
            **row,
            "_id": ObjectId(),
            "series": 1_000_000 + number,
            "user_id": row["user_id"] if mine else ObjectId(),
            "created_at": utc_now() - timedelta(minutes=number),
        }


def many_readings(series: int) -> Iterator[Document]:
    newest = readings.to_ms(utc_now())
    for number in range(READINGS):
        at = newest - number % SERIES_READINGS * 60_000
        yield {"_id": readings.key(series + number // SERIES_READINGS, at, 1), "l": 50_000, "v": 5_000_000}


@pytest.fixture
def filled(alice: Any, sam: Any) -> Iterator[Tank]:
    """Everything in bulk; gives alice's tank, whose series holds SERIES_READINGS."""
    level = CurrentLevel(level=50, volume_liters=5_000, timestamp=utc_now())
    tank = TankFactory(user=alice, series=5_000_000, current_level=level)
    placed = order_place(user=alice, tank=tank, amount=1_000)
    names = [model._meta.db_table for model in FILLED] + [readings.COLLECTION]
    notification = NotificationFactory(user=alice)
    order = collection(Order).find_one({"_id": placed.pk}) or {}
    told = collection(Notification).find_one({"_id": notification.pk}) or {}
    one = collection(Tank).find_one({"_id": tank.pk}) or {}
    bulk = Bulk(names)
    try:
        fill(User._meta.db_table, many_users(alice))
        fill(Order._meta.db_table, many_orders(order, sam))
        fill(Notification._meta.db_table, many_notifications(told))
        fill(Tank._meta.db_table, many_tanks(one))
        fill(readings.COLLECTION, many_readings(tank.series))
        bulk.make_indexes()
        yield tank
    finally:
        bulk.empty()


def asked(action: Callable[[], Any]) -> tuple[Any, list[Document]]:
    """What `action` gives, and the commands the database was sent meanwhile."""
    db = database()
    db["system.profile"].drop()
    db.command("profile", 2)
    try:
        result = action()
    finally:
        db.command("profile", 0)
    reads = {"op": {"$in": ["query", "command", "update", "remove"]}, "command.profile": None}
    return result, list(db["system.profile"].find(reads))


def faults(commands: list[Document]) -> list[str]:
    """What is wrong with how the commands were carried out; empty when nothing is."""
    found = []
    for command in commands:
        told = f"{command['ns']} {command.get('planSummary')} {str(command['command'])[:300]}"
        examined = command.get("docsExamined", 0)
        given = command.get("nreturned", 0) + command.get("nModified", 0)
        counts = "$group" in str(command["command"])
        if "COLLSCAN" in command.get("planSummary", ""):
            found.append(f"scans the collection: {told}")
        if command.get("hasSortStage") and examined > 1:  # `first()` sorts what it finds, be it a single one
            found.append(f"sorts in memory: {told}")
        if examined > 3 * given and not (counts and examined == 0):
            found.append(f"examines {examined} documents for {given}: {told}")
    return found


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_hot_requests_read_by_index_what_they_need_in_few_commands(
    filled: Tank, alice: Any, sam: Any, api: Api
) -> None:
    mine, theirs, anyone = api(alice), api(sam), api()
    tank, day = f"/api/tanks/{filled.pk}", utc_now() - timedelta(days=1)
    gets = {
        f"{tank}/levels?limit=100": mine,
        f"{tank}/levels?from={day:%Y-%m-%dT%H:%M:%SZ}&limit=1000": mine,
        f"{tank}/levels?interval=1h&limit=24": mine,
        f"{tank}/levels/current": mine,
        tank: mine,
        "/api/tanks": mine,
        "/api/orders": mine,
        "/api/orders?status=placed": mine,
        "/api/orders?page=20&pageSize=20": mine,
        "/api/supplier/orders": theirs,
        "/api/supplier/orders?status=placed": theirs,
        "/api/notifications": mine,
        "/api/notifications?read=false": mine,
    }
    requests = {path: (lambda client=client, path=path: client.get(path)) for path, client in gets.items()}
    requests["login"] = lambda: anyone.post("/api/auth/login", {"email": alice.email, "password": PASSWORD})
    refresh = tokens_issue(user=alice)["refresh"]
    requests["refresh"] = lambda: anyone.post("/api/auth/refresh-token", {"refresh": refresh})
    for client in (mine, theirs):
        client.get("/api/users/me")  # from here on Redis knows that the sign-in lives

    wrong = []
    for name, request in requests.items():
        response, commands = asked(request)
        assert response.status_code == 200, (name, response.content)
        assert commands, name
        wrong += [f"{name}: {fault}" for fault in faults(commands)]
        if len(commands) > MOST_COMMANDS:
            wrong.append(f"{name}: {len(commands)} commands")
    assert not wrong, "\n".join(wrong)
