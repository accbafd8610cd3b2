"""The whole database to files and back, as of one moment, while the product runs.

A folder of a `.bson.gz` and a `.metadata.json.gz` for each collection, laid out as `mongodump --gzip` does. Reads
one snapshot of the replica set, which MongoDB is told to keep for as long as a backup may take.
"""

from __future__ import annotations

import gzip
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from bson import decode_file_iter, json_util
from bson.codec_options import CodecOptions
from bson.errors import BSONError
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import OperationFailure, PyMongoError

DATA, METADATA = ".bson.gz", ".metadata.json.gz"
BATCH = 1_000
HISTORY = "minSnapshotHistoryWindowInSeconds"
LONGEST_SECONDS = 6 * 3600
NOT_ALLOWED = 13  # MongoDB's code for a user without the right
QUICK = 3  # gzip's level: readings shrink nearly as much as with the slowest

RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)
Documents = Database[dict[str, Any]]


class BackupError(Exception):
    """The text says what is in the way and what to do."""


def backup_write(*, database: Documents, folder: Path) -> dict[str, int]:
    """Writes every collection below `folder`, which must not exist yet; returns the documents of each.

    What is there was written whole: until then the folder is called `<folder>.partial`. Raises BackupError.
    """
    if folder.exists():
        raise BackupError(f"{folder} exists already. Name a new folder.")
    partial = folder.with_name(f"{folder.name}.partial")
    partial.mkdir(mode=0o700, parents=True, exist_ok=True)  # it holds what people told us
    written = {}
    try:
        with history_kept(database.client), database.client.start_session(snapshot=True) as session:
            for options in _collections(database):
                name = options["name"]
                with gzip.open(partial / f"{name}{DATA}", "wb", QUICK) as file:
                    batches: Any = database[name].find_raw_batches(session=session)
                    written[name] = sum(_write(file, batch) for batch in batches)
                _write_metadata(database, options, partial)
    except PyMongoError as error:
        raise BackupError(f"MongoDB: {error}") from error
    partial.rename(folder)
    return written


@contextmanager
def history_kept(client: MongoClient[dict[str, Any]]) -> Iterator[None]:
    """Has MongoDB keep past versions for LONGEST_SECONDS from now on, and after it as briefly as before.

    A user who may not say so gets the server's own time, five minutes unless it was started with another.
    """
    try:
        before = client.admin.command({"getParameter": 1, HISTORY: 1})[HISTORY]
        if before < LONGEST_SECONDS:
            client.admin.command({"setParameter": 1, HISTORY: LONGEST_SECONDS})
    except OperationFailure as error:
        if error.code != NOT_ALLOWED:
            raise
        before = LONGEST_SECONDS
    try:
        yield
    finally:
        if before < LONGEST_SECONDS:
            client.admin.command({"setParameter": 1, HISTORY: before})


def backup_restore(*, database: Documents, folder: Path, replace: bool = False) -> dict[str, int]:
    """Reads a folder of `backup_write` into the database; returns the documents of each collection.

    A database that holds documents is left alone unless `replace`, which drops it first. Raises BackupError.
    """
    files = sorted(folder.glob(f"*{METADATA}"))
    if not files:
        raise BackupError(f"{folder} holds no backup.")
    restored = {}
    try:
        if replace:
            database.client.drop_database(database.name)
        elif any(database[options["name"]].find_one() for options in _collections(database)):
            raise BackupError(f"The database {database.name} is not empty. Say --replace to drop it first.")
        for path in files:
            name = path.name.removesuffix(METADATA)
            restored[name] = _restore(database, name, path)
    except (PyMongoError, BSONError, OSError, EOFError, ValueError) as error:
        raise BackupError(f"{folder}: {error}") from error
    return restored


def _collections(database: Documents) -> list[dict[str, Any]]:
    found = database.list_collections(filter={"type": "collection"})
    return sorted(
        (dict(row) for row in found if not row["name"].startswith("system.")), key=lambda row: row["name"]
    )


def _write(file: gzip.GzipFile, batch: bytes) -> int:
    """Writes documents that follow each other, each beginning with its length; returns how many they are."""
    file.write(batch)
    count = at = 0
    while at < len(batch):
        at += int.from_bytes(batch[at : at + 4], "little")
        count += 1
    return count


def _write_metadata(database: Documents, options: dict[str, Any], folder: Path) -> None:
    name = options["name"]
    metadata = {
        "collectionName": name,
        "type": "collection",
        "options": options["options"],
        "indexes": [dict(index) for index in database[name].list_indexes()],
    }
    text = json_util.dumps(metadata, json_options=json_util.CANONICAL_JSON_OPTIONS)
    with gzip.open(folder / f"{name}{METADATA}", "wt", QUICK) as file:
        file.write(text)


def _restore(database: Documents, name: str, metadata_path: Path) -> int:
    with gzip.open(metadata_path, "rt") as text:
        metadata = json_util.loads(text.read())
    if name not in database.list_collection_names():
        database.command({"create": name, **metadata["options"]})
    indexes = [
        index for index in metadata["indexes"] if index["name"] != "_id_" and not index.get("clustered")
    ]
    if indexes:
        database.command("createIndexes", name, indexes=indexes)
    count = 0
    target = database.get_collection(name, codec_options=RAW)
    with gzip.open(metadata_path.with_name(f"{name}{DATA}"), "rb") as file:
        documents = decode_file_iter(cast(IO[bytes], file), RAW)
        while batch := list(itertools.islice(documents, BATCH)):
            target.insert_many(batch, ordered=False)
            count += len(batch)
    return count
