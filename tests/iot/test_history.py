"""A whole history comes and goes: imported from CSV, exported as CSV and Parquet."""

import io
import itertools
from datetime import UTC, datetime, timedelta

import pyarrow.parquet as pq
import pytest
from django.core.management import CommandError, call_command

from common.mongo import collection
from common.time import iso, utc_now
from iot.history import History
from iot.management.commands import import_readings
from notifications.models import Notification
from orders.models import Order
from tanks import readings
from tanks.models import Alert, Tank, TankGeometry
from tanks.services.devices import device_register
from tests.factories import TankFactory

pytestmark = pytest.mark.django_db
START = datetime(2025, 1, 1, tzinfo=UTC)


def write(path, rows, header="timestamp,level"):
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")
    return path


def falling(count, start=START, step=timedelta(minutes=30)):
    """A tank that is used and filled, its last readings very low."""
    return [(iso(start + number * step), f"{3 + (count - number) % 90:.2f}") for number in range(count)]


@pytest.fixture
def file(tmp_path):
    return write(tmp_path / "old.csv", falling(500))


def stored(tank):
    return list(readings.oldest_first(tank.series))


def test_history_is_stored_in_its_place_and_says_nothing_of_today(tank, file, capsys):
    tank.auto_order = True
    tank.save()
    call_command("import_readings", str(file), tank=str(tank.pk))
    assert "500 rows: 500 stored, 0 were there before, 0 refused" in capsys.readouterr().out
    found = stored(tank)
    assert [(iso(row.timestamp), row.level) for row in found] == [
        (at, float(level)) for at, level in falling(500)
    ]
    assert collection(Tank).find_one({"_id": tank.pk})["current_level"]["timestamp"] == found[-1].timestamp
    call_command("import_readings", str(file), tank=str(tank.pk))
    assert "0 stored, 500 were there before" in capsys.readouterr().out
    assert len(stored(tank)) == 500
    for consequence in (Alert, Order, Notification):
        assert not consequence.objects.exists()


def test_a_newer_level_stays_the_current_one(tank, file, api, alice):
    api(alice).post(f"/api/tanks/{tank.pk}/levels", {"level": 77})
    call_command("import_readings", str(file), tank=str(tank.pk))
    assert collection(Tank).find_one({"_id": tank.pk})["current_level"]["level"] == 77


def test_it_goes_on_where_it_was_stopped(tank, file, capsys, settings):
    begun = History(file, tank=str(tank.pk), rows_at_once=100)
    kept = import_readings.progress_file(begun)
    for _ in itertools.islice(begun.chunks(), 2):
        import_readings.progress_write(kept, begun)
    assert len(stored(tank)) == 200
    call_command("import_readings", str(file), tank=str(tank.pk))
    told = capsys.readouterr().out
    assert "going on at line 202" in told
    assert "500 rows: 500 stored, 0 were there before" in told
    assert len(stored(tank)) == 500
    assert not list((settings.VAR_DIR / "imports").glob("*.json"))


def test_rows_name_their_tanks_and_bad_ones_are_told_and_left_out(tank, tmp_path, capsys):
    device_register(tank=tank, device_id="dev-1", kind="json")
    other = TankFactory(geometry=TankGeometry(shape="vertical_cylinder", height_mm=1000))
    other.save()
    device_register(tank=other, device_id="dev-2", kind="json")
    rows = [
        ("dev-1", "2025-03-01T00:00:00Z", 55.5, ""),
        ("dev-2", "2025-03-01T00:00:00Z", "", 250),
        ("dev-2", "1740787260", "", 300),
        ("dev-1", "yesterday", 50, ""),
        ("dev-1", "2025-03-01T01:00:00", 50, ""),
        ("dev-9", "2025-03-01T01:00:00Z", 50, ""),
        ("dev-1", "2025-03-01T01:00:00Z", "nan", ""),
        ("dev-1", "2025-03-01T01:00:00Z", "x", ""),
        ("dev-1", iso(utc_now() + timedelta(days=2)), 50, ""),
        ("dev-1", "2025-03-01T01:00:00Z", "", ""),
        ("dev-1", "2025-03-01T01:00:00Z", 250, ""),
    ]
    call_command("import_readings", str(write(tmp_path / "f.csv", rows, "Device ID,Time,Level,Distance mm")))
    told = capsys.readouterr()
    assert "11 rows: 3 stored, 0 were there before, 8 refused" in told.out
    assert "line 5: 'yesterday' is not ISO 8601" in told.err
    assert [row.level for row in stored(tank)] == [55.5]
    assert [row.level for row in stored(other)] == [75.0, 70.0]


def test_semicolons_decimal_commas_and_a_clock_without_zone(tank, tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("\ufefftimestamp;litres\n2025-07-01 12:00:00;2500,5\n")
    call_command("import_readings", str(path), tank=str(tank.pk), timezone="Europe/Berlin")
    (reading,) = stored(tank)
    assert (iso(reading.timestamp), reading.volume_liters) == ("2025-07-01T10:00:00.000Z", 2500.5)


@pytest.mark.parametrize(
    ("text", "why"),
    [("level\n5\n", "column of times"), ("time\n5\n", "column of levels"), ("", "column of times"),
     ("time,level\n1,2\n", "whose readings")],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_refused_before_anything_is_stored(db, tmp_path, text, why):
    path = tmp_path / "f.csv"
    path.write_text(text)
    with pytest.raises(CommandError, match=why):
        call_command("import_readings", str(path))


def body(answer):
    assert answer.streaming
    return b"".join(answer.streaming_content)


def test_what_is_exported_can_be_imported_again(api, alice, tank, file, tmp_path):
    call_command("import_readings", str(file), tank=str(tank.pk))
    api(alice).post(f"/api/tanks/{tank.pk}/levels", {"level": 50})
    url = f"/api/tanks/{tank.pk}/levels/export"
    answer = api(alice).get(url, headers={"Accept": "text/csv"})
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/csv; charset=utf-8")
    text = body(answer)
    assert text.startswith(b"timestamp,level,volumeLiters,source,quality\r\n2025-01-01T00:00:00.000Z,")
    again = TankFactory(user=alice)
    (tmp_path / "export.csv").write_bytes(text)
    call_command("import_readings", str(tmp_path / "export.csv"), tank=str(again.pk))
    assert [row[1:5] for row in stored(again)] == [row[1:5] for row in stored(tank)]


def test_parquet_holds_the_same_and_a_range_is_cut_out(api, alice, tank, file):
    call_command("import_readings", str(file), tank=str(tank.pk))
    url = f"/api/tanks/{tank.pk}/levels/export?format=parquet"
    table = pq.read_table(io.BytesIO(body(api(alice).get(url))))
    assert table.column_names == ["timestamp", "level", "volumeLiters", "source", "quality"]
    assert table["level"].to_pylist() == [row.level for row in stored(tank)]
    assert table["timestamp"].to_pylist()[0] == START
    part = f"{url}&from=2025-01-02T00:00:00Z&to=2025-01-03T00:00:00Z"
    assert pq.read_table(io.BytesIO(body(api(alice).get(part)))).num_rows == 48
    assert pq.read_table(io.BytesIO(body(api(alice).get(f"{url}&from=2026-01-02T00:00:00Z")))).num_rows == 0


def test_an_export_is_for_the_owner_and_of_a_known_form(api, alice, bob, tank):
    url = f"/api/tanks/{tank.pk}/levels/export"
    assert api(bob).get(url).status_code == 404
    assert api().get(url).status_code == 401
    answer = api(alice).get(f"{url}?format=xlsx&from=now")
    assert (answer.status_code, sorted(answer.json()["errors"])) == (400, ["format", "from"])
