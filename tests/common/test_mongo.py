"""Pages and short answers read beneath the ORM: nothing is lost at their edges."""

from collections.abc import Iterator

import pytest
from bson import ObjectId
from pymongo import ASCENDING

from common.models import TimestampedModel
from common.mongo import collection, counted_page, find_by_ids, find_few, find_one
from notifications.models import Notification

OWNER = ObjectId()
NAME = Notification._meta.db_table


@pytest.fixture
def notifications(db: None) -> Iterator[type[TimestampedModel]]:
    rows = [{"_id": ObjectId(), "key": f"{n}", "user_id": OWNER, "n": n} for n in range(12)]
    collection(Notification).insert_many(rows)
    yield Notification
    collection(Notification).delete_many({"user_id": OWNER})


def page(skip: int, limit: int) -> tuple[int, list[int]]:
    count, found = counted_page(
        Notification, {"user_id": OWNER}, order=("n", ASCENDING), skip=skip, limit=limit
    )
    return count, [row["n"] for row in found]


@pytest.mark.parametrize(
    ("skip", "limit", "numbers"),
    [
        (0, 5, range(5)),
        (5, 5, range(5, 10)),
        (10, 5, range(10, 12)),
        (15, 5, []),
        (0, 12, range(12)),
        (6, 6, range(6, 12)),
        (0, 100, range(12)),
    ],
)
def test_every_page_knows_how_many_there_are(notifications, skip, limit, numbers):
    assert page(skip, limit) == (12, list(numbers))


def test_an_empty_list_has_none(db):
    assert page(0, 20) == (0, [])


def test_more_than_the_server_sends_unasked_comes_whole(notifications):
    rows = [{"_id": ObjectId(), "key": f"m{n}", "user_id": OWNER, "n": n} for n in range(12, 300)]
    collection(Notification).insert_many(rows)
    assert len(find_few(NAME, {"user_id": OWNER}, limit=1_000)) == 300


def test_more_than_one_reply_holds_comes_whole(notifications):
    big = {"user_id": OWNER, "text": "x" * 3_000_000}
    collection(Notification).insert_many([{"_id": ObjectId(), "key": f"b{n}", **big} for n in range(6)])
    wanted = {"user_id": OWNER, "text": {"$exists": True}}
    assert len(find_few(NAME, wanted, limit=10)) == 6


def test_one_and_some_are_found_by_id(notifications):
    first = find_one(notifications, {"user_id": OWNER, "n": 0}, {"n": 1})
    assert first is not None
    assert set(first) == {"_id", "n"}
    assert find_one(notifications, {"user_id": ObjectId()}) is None
    some = find_by_ids(notifications, [first["_id"], None, ObjectId()], {"n": 1})
    assert some == {first["_id"]: first}
