"""MongoDB beneath the ORM: for hot reads, conditional writes and what the ORM cannot say."""

from collections.abc import Iterable, Sequence
from datetime import UTC
from typing import Any

from bson import CodecOptions, ObjectId
from bson.errors import InvalidId
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model
from pymongo import ReturnDocument
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import AutoReconnect, BulkWriteError, WriteConcernError

Document = dict[str, Any]
AWARE: CodecOptions[Document] = CodecOptions(tz_aware=True, tzinfo=UTC)


class _Known:
    """The database asked last, and the collections of models asked of it: making them anew costs every request."""

    database: Database[Document] | None = None
    collections: dict[type[Model], Collection[Document]] = {}


def database() -> Database[Document]:
    """The pymongo database that the ORM uses, connected on first use; its times are aware, in UTC."""
    connection: Any = connections[DEFAULT_DB_ALIAS]
    known = _Known.database
    if (
        known is not None
        and known.client is connection.connection
        and known.name == connection.settings_dict["NAME"]
    ):
        return known
    connection.ensure_connection()
    found: Database[Document] = connection.database.with_options(codec_options=AWARE)
    _Known.database, _Known.collections = found, {}
    return found


def collection(model: type[Model]) -> Collection[Document]:
    """The pymongo collection of a model."""
    current = database()
    known = _Known.collections.get(model)
    if known is None or known.database is not current:
        known = _Known.collections[model] = current[model._meta.db_table]
    return known


def find_few(
    name: str,
    wanted: Document,
    *,
    limit: int,
    fields: Document | None = None,
    order: tuple[str, int] | None = None,
    skip: int = 0,
) -> list[Document]:
    """What `find` gives, for answers that fit one reply: without its cursor a query takes a fifth less.

    Read again once where the connection was lost, as `find` is.
    """
    command: Document = {"find": name, "filter": wanted, "limit": limit, "batchSize": limit}
    if fields is not None:
        command["projection"] = fields
    if order is not None:
        command["sort"] = {order[0]: order[1]}
    if skip:
        command["skip"] = skip
    known = database()
    try:
        cursor = known.command(command, codec_options=AWARE)["cursor"]
    except AutoReconnect:
        cursor = known.command(command, codec_options=AWARE)["cursor"]
    found: list[Document] = cursor["firstBatch"]
    if cursor["id"]:  # more than a reply holds (16 MiB)
        return known[name].find(wanted, fields, sort=order and [order], skip=skip, limit=limit).to_list()
    return found


def find_one(model: type[Model], wanted: Document, fields: Document | None = None) -> Document | None:
    """The first document that is wanted, or None."""
    return next(iter(find_few(model._meta.db_table, wanted, limit=1, fields=fields)), None)


def find_by_ids(
    model: type[Model], ids: Iterable[ObjectId | None], fields: Document
) -> dict[ObjectId, Document]:
    """The documents of these ids, by id; None among the ids is passed over."""
    wanted = list({key for key in ids if key})
    if not wanted:
        return {}
    found = find_few(model._meta.db_table, {"_id": {"$in": wanted}}, limit=len(wanted), fields=fields)
    return {row["_id"]: row for row in found}


def counted_page(
    model: type[Model],
    wanted: Document,
    *,
    order: tuple[str, int],
    skip: int,
    limit: int,
    fields: Document | None = None,
) -> tuple[int, list[Document]]:
    """How many documents are wanted, and those of one page.

    One more than the page is read: where there is none, the list ends here, and nobody needs to count it.
    """
    name = model._meta.db_table
    found = find_few(name, wanted, limit=limit + 1, fields=fields, order=order, skip=skip)
    if len(found) <= limit and (found or not skip):
        return skip + len(found), found
    stored = collection(model)
    count = stored.count_documents(wanted) if wanted else stored.estimated_document_count()
    return count, found[:limit]


# What `settings.DATABASES` asks of every write, said again where commands are sent as they are.
DURABLE: Document = {"w": "majority", "j": True}


def insert_many_raw(name: str, documents: Sequence[Document]) -> list[Document]:
    """Inserts up to 100,000 documents with an `_id`, unordered; returns the write errors, each with `index` and `code`.

    `insert_many` without its look at every document. Raises PyMongoError; nothing is sent twice.
    """
    command: dict[str, Any] = {
        "insert": name,
        "documents": documents,
        "ordered": False,
        "writeConcern": DURABLE,
    }
    answer = database().command(command)
    _raise_undurable(answer)
    return list(answer.get("writeErrors", ()))


def update_many_ways(model: type[Model], writes: Sequence[Document], *, durable: bool = True) -> int:
    """Up to 100,000 updates `{"q": filter, "u": update}`, each of one document, unordered; returns how many matched.

    `bulk_write` without its look at every update. Not `durable`: a server that dies at once may have forgotten them.
    Raises PyMongoError; nothing is sent twice.
    """
    command: dict[str, Any] = {
        "update": model._meta.db_table,
        "updates": writes,
        "ordered": False,
        "writeConcern": DURABLE if durable else {"w": 1},
    }
    answer = database().command(command)
    _raise_undurable(answer)
    if answer.get("writeErrors"):
        raise BulkWriteError(answer)
    return int(answer["n"])


def _raise_undurable(answer: Document) -> None:
    if "writeConcernError" in answer:
        raise WriteConcernError(answer["writeConcernError"].get("errmsg", ""), details=answer)


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
