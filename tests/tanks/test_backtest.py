"""`manage.py backtest`: files in, files out, no database, and errors that name the line."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tanks.backtest import History, replay
from tanks.backtest_files import BadFile, histories, readings_read, tanks_read
from tanks.mind import TankFacts
from tests.tanks.water import MONDAY, Household

ROOT = Path(__file__).parents[2]
TANKS = "tank,capacityLiters,timezone,lowWaterThreshold\nhome,4000,Europe/Berlin,25\nfarm,4000,UTC,30\n"


def iso(seconds: float) -> str:
    return f"{np.datetime64(int(seconds), 's')}Z"


def write(folder: Path, readings: str, tanks: str = TANKS) -> tuple[Path, Path]:
    (folder / "TANKS.csv").write_text(tanks)
    (folder / "READINGS.csv").write_text(readings)
    return folder / "TANKS.csv", folder / "READINGS.csv"


def load(folder: Path, readings: str, tanks: str = TANKS) -> list:
    tanks_path, readings_path = write(folder, readings, tanks)
    known = tanks_read(tanks_path)
    return list(histories(known, readings_read(readings_path, known, progress=lambda _: None)))


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", "backtest", str(folder / "TANKS.csv")]
    command += [str(folder / "READINGS.csv"), "--out", str(folder / "out")]
    environment = {**os.environ, "MONGODB_URI": "mongodb://127.0.0.1:9/nowhere"}
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100, check=False
    )


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_history_in_any_order_gives_the_four_files_without_a_database(tmp_path: Path) -> None:
    times, levels = Household(days=16, refills=[(6.4, 2400), (12.4, 2450)]).readings()
    order = np.random.default_rng(1).permutation(len(times))
    lines = [f"{tank},{iso(times[i])},{levels[i]}" for i in order for tank in ("farm", "home")]
    write(tmp_path, "tank,timestamp,level\n" + "\n".join(lines) + "\n")
    done = run(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "2 tanks" in done.stdout
    assert "Traceback" not in done.stderr
    out = tmp_path / "out"
    refills = [row for row in rows(out / "refills.csv") if row["tank"] == "farm"]
    assert [round(float(row["liters"]) / 2400, 1) for row in refills] == [1.0, 1.0]
    forecasts = rows(out / "forecasts.csv")
    assert forecasts[0]["madeAt"] == "2025-05-05T22:00:00.000Z"  # midnight in Berlin
    assert float(forecasts[0]["daysToEmptyP10"]) < float(forecasts[0]["daysToEmptyP90"])
    usage = [row["date"] for row in rows(out / "usage.csv") if row["tank"] == "farm"]
    assert usage == [f"2025-05-{day:02}" for day in range(5, 21)]
    assert {row["kind"] for row in rows(out / "alerts.csv")} <= {"low", "critical", "runout_soon"}


def test_a_bad_row_is_told_by_its_line_and_nothing_more(tmp_path: Path) -> None:
    write(tmp_path, "tank,timestamp,level\nhome,2025-05-05T00:00:00Z,50\nhome,2025-05-05T00:15:00Z,half\n")
    done = run(tmp_path)
    assert done.returncode != 0
    assert "READINGS.csv line 3: level 'half' is not a number" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("readings", "tanks", "said"),
    [
        ("tank,timestamp\nhome,2025-05-05T00:00:00Z\n", TANKS, "no column level"),
        ("tank,timestamp,level\nhome,yesterday,50\n", TANKS, "line 2: timestamp 'yesterday'"),
        ("tank,timestamp,level\nbarn,2025-05-05T00:00:00Z,50\n", TANKS, "line 2: tank 'barn'"),
        ("tank,timestamp,level\n", TANKS, "no reading"),
        ("", TANKS, "READINGS.csv"),
        ("tank,timestamp,level\n", "tank,capacityLiters\nx,1\n", "no column timezone, lowWaterThreshold"),
        ("tank,timestamp,level\n", TANKS + "third,-5,UTC,25\n", "line 4: capacityLiters must be more than 0"),
        (
            "tank,timestamp,level\n",
            TANKS + "third,5,Mars/Base,25\n",
            "line 4: 'Mars/Base' is not a time zone",
        ),
        ("tank,timestamp,level\n", TANKS + "home,5,UTC,25\n", "line 4: tank 'home' is there twice"),
        ("tank,timestamp,level\n", TANKS + "third,5\n", "line 4: not as many columns as line 1"),
        ("tank,timestamp,level\n\n\nhome,2025-05-05T00:00:00Z,full\n", TANKS, "line 4: level 'full'"),
        ("tank,timestamp,level\nhome,2025-05-05T00:00:00Z\n", TANKS, "line 2: 2 columns, not 3"),
        ("tank,timestamp,level\nhome,9999-12-31T00:00:00Z,5\n", TANKS, "line 2: timestamp '9999-12"),
        ('tank,timestamp,level\n"home\n",2025-05-05T00:00:00Z,x\n', TANKS, "line 3: level 'x'"),
    ],
)
def test_each_fault_of_the_files_has_its_message(
    tmp_path: Path, readings: str, tanks: str, said: str
) -> None:
    with pytest.raises(BadFile) as caught:
        load(tmp_path, readings, tanks)
    assert said in str(caught.value)


def test_times_of_every_iso_form_are_one_moment_and_kept_once(tmp_path: Path) -> None:
    forms = [
        "2025-05-05T00:00:00Z",
        "2025-05-05T02:00:00+02:00",
        "2025-05-05 00:00:00",
        "2025-05-05T00:00:00.000Z",
    ]
    for form in forms:
        home = load(tmp_path, f"tank,timestamp,level\nhome,{form},50\n")[0]
        assert home.times.tolist() == [MONDAY]
    mixed = "tank,timestamp,level\n" + "".join(f"home,{form},50\n" for form in forms)
    assert load(tmp_path, mixed)[0].times.tolist() == [MONDAY]


def test_a_reading_without_a_level_is_passed_over(tmp_path: Path) -> None:
    text = "tank,timestamp,level\nhome,2025-05-05T00:00:00Z,\nhome,2025-05-05T00:15:00Z,50\n"
    assert load(tmp_path, text)[0].levels.tolist() == [50.0]


def test_levels_are_taken_as_a_device_may_send_them(tmp_path: Path) -> None:
    levels = ("-0.4", "100.6", "104", "-3", "1e300", "nan", "62.12345")
    text = "".join(f"home,2025-05-05T{hour:02}:00:00Z,{level}\n" for hour, level in enumerate(levels))
    known = load(tmp_path, "tank,timestamp,level\n" + text)[0].levels.tolist()
    assert known == [0.0, 100.0, 62.123]


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_files_of_any_system_are_read(tmp_path: Path, mark: str, end: str) -> None:
    text = "tank,timestamp,level\nhome,2025-05-05T00:00:00Z,50\nfarm,2025-05-05T00:00:00Z,40\n"
    for name, whole in (("TANKS.csv", TANKS), ("READINGS.csv", text)):
        (tmp_path / name).write_bytes((mark + whole.replace("\n", end)).encode())
    known = tanks_read(tmp_path / "TANKS.csv")
    read = readings_read(tmp_path / "READINGS.csv", known, progress=lambda _: None)
    assert [one.levels.tolist() for one in histories(known, read)] == [[50.0], [40.0]]


def test_a_reading_of_a_clock_gone_wrong_does_not_hold_up_the_rest() -> None:
    times, levels = Household(days=2).readings()
    facts = TankFacts(4000)
    wrong = replay(History("home", facts, np.insert(times, 0, 0.0), np.insert(levels, 0, 40.0), times[-1]))
    right = replay(History("home", facts, times, levels, times[-1]))
    assert wrong["usage"][-1] == right["usage"][-1]
    assert len(wrong["usage"]) <= len(right["usage"]) + 2


def test_old_results_stay_until_new_ones_are_whole(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "alerts.csv").write_text("of yesterday\n")
    write(tmp_path, "tank,timestamp,level\nhome,2025-05-05T00:00:00Z,half\n")
    assert run(tmp_path).returncode != 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["alerts.csv"]
    write(tmp_path, "tank,timestamp,level\nhome,2025-05-05T00:00:00Z,50\n")
    assert run(tmp_path).returncode == 0
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["alerts.csv", "forecasts.csv", "refills.csv", "usage.csv"]


def test_a_tank_that_fell_silent_lives_on_to_the_end_of_the_others(tmp_path: Path) -> None:
    text = "tank,timestamp,level\nhome,2025-05-05T00:00:00Z,50\nfarm,2025-05-09T00:00:00Z,50\n"
    home, farm = load(tmp_path, text)
    assert home.end == farm.end == farm.times[-1]
