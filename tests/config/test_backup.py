"""A backup, read into an empty database, is the same database."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from common.mongo import AWARE, database
from config.backup import HISTORY, BackupError, backup_restore, backup_write, history_kept

pytestmark = pytest.mark.django_db


@pytest.fixture
def other(db: None) -> Iterator[Any]:
    """An empty database on the same server."""
    made = database().client.get_database("water_tanks_restored", codec_options=AWARE)
    yield made
    made.client.drop_database(made.name)


def shape(found: Any) -> dict[str, Any]:
    """Options and indexes of every collection."""
    rows = found.list_collections(filter={"type": "collection"})
    return {
        row["name"]: (
            row["options"],
            {index["name"]: dict(index) for index in found[row["name"]].list_indexes()},
        )
        for row in rows
        if not row["name"].startswith("system.")
    }


def test_what_was_written_is_restored_with_every_index_and_option(alice, tank, other, tmp_path: Path) -> None:
    readings = [{"_id": bytes([0, number % 256, number // 256]), "v": number / 7} for number in range(2_500)]
    database().readings.insert_many(readings)
    written = backup_write(database=database(), folder=tmp_path / "b")
    assert written["readings"] == len(readings)
    assert backup_restore(database=other, folder=tmp_path / "b") == written
    assert shape(other) == shape(database())
    for name in written:
        assert list(other[name].find().sort("_id")) == list(database()[name].find().sort("_id")), name


def test_a_backup_is_of_one_moment(alice, other, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = database().tanks_tank.count_documents({})
    names = sorted(database().list_collection_names())
    assert names.index("accounts_user") < names.index("tanks_tank")
    with history_kept(database().client):
        session = database().client.start_session(snapshot=True)
        monkeypatch.setattr(database().client, "start_session", lambda **_: session)
        database().accounts_user.find_one(session=session)  # the moment
        database().tanks_tank.insert_one({"name": "too late"})
        assert backup_write(database=database(), folder=tmp_path / "b")["tanks_tank"] == before


def test_old_versions_are_kept_for_a_backup_alone(alice) -> None:
    server = database().client

    def kept_seconds() -> int:
        return server.admin.command({"getParameter": 1, HISTORY: 1})[HISTORY]

    assert kept_seconds() == 0
    with history_kept(server):
        assert kept_seconds() >= 3600
    assert kept_seconds() == 0


def test_nothing_is_overwritten_unless_told(alice, other, tmp_path: Path) -> None:
    folder = tmp_path / "b"
    backup_write(database=database(), folder=folder)
    with pytest.raises(BackupError, match="exists already"):
        backup_write(database=database(), folder=folder)
    other.notes.insert_one({"kept": True})
    with pytest.raises(BackupError, match="not empty"):
        backup_restore(database=other, folder=folder)
    assert other.notes.count_documents({}) == 1
    backup_restore(database=other, folder=folder, replace=True)
    assert "notes" not in other.list_collection_names()
    assert other.accounts_user.find_one()["_id"] == alice.pk


def test_a_folder_without_a_backup_or_with_half_of_one_is_told(other, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="holds no backup"):
        call_command("restore", tmp_path)
    backup_write(database=database(), folder=tmp_path / "b")
    data = tmp_path / "b" / "django_migrations.bson.gz"
    data.write_bytes(data.read_bytes()[:-20])
    with pytest.raises(BackupError, match="end-of-stream"):
        backup_restore(database=other, folder=tmp_path / "b")
