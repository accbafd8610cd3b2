"""MongoDB beneath the ORM: for hot reads, conditional writes and what the ORM cannot say."""

from datetime import UTC
from typing import Any

from bson import CodecOptions, ObjectId
from bson.errors import InvalidId
from django.db import connection
from django.db.models import Model
from pymongo import ReturnDocument
from pymongo.collection import Collection
from pymongo.database import Database

Document = dict[str, Any]
AWARE: CodecOptions[Document] = CodecOptions(tz_aware=True, tzinfo=UTC)


def database() -> Database[Document]:
    """The pymongo database that the ORM uses, connected on first use; its times are aware, in UTC."""
    connection.ensure_connection()
    return connection.database.with_options(codec_options=AWARE)  # type: ignore[attr-defined,no-any-return]


def collection(model: type[Model]) -> Collection[Document]:
    """The pymongo collection of a model."""
    return database()[model._meta.db_table]


def next_number(name: str) -> int:
    """The next number (1, 2, …) of the named sequence: unique and increasing, with gaps where a user of it died."""
    counter = database()["counters"].find_one_and_update(
        {"_id": name}, {"$inc": {"value": 1}}, upsert=True, return_document=ReturnDocument.AFTER
    )
    assert counter is not None  # upserted
    return int(counter["value"])


def object_id(text: object) -> ObjectId | None:
    """The id that `text` spells (24 hex digits), else None."""
    if isinstance(text, ObjectId):
        return text
    try:
        return ObjectId(text) if isinstance(text, str) and len(text) == 24 else None
    except InvalidId:
        return None
