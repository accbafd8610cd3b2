"""manage.py backtest TANKS.csv READINGS.csv --out DIR: the tanks' mind over history, without the database."""

from __future__ import annotations

import csv
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from tanks.backtest import HEADERS, Row, replay_all
from tanks.backtest_files import BadFile, histories, readings_read, tanks_read

Found = dict[str, list[Row]]


class Command(BaseCommand):
    help = (
        "Runs the tanks' mind over history, in event time, as if live, without the database. "
        "Writes alerts.csv, refills.csv, forecasts.csv and usage.csv to --out."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("tanks", type=Path, help="tank,capacityLiters,timezone,lowWaterThreshold")
        parser.add_argument("readings", type=Path, help="tank,timestamp,level (percent, ISO 8601, any order)")
        parser.add_argument("--out", type=Path, required=True, help="directory for the results")
        parser.add_argument("--processes", type=int, default=2)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._run(options["tanks"], options["readings"], options["out"], options["processes"])
        except BadFile as error:
            raise CommandError(str(error)) from error

    def _run(self, tanks_path: Path, readings_path: Path, out: Path, processes: int) -> None:
        tanks = tanks_read(tanks_path)
        with _progress() as progress:
            size = readings_path.stat().st_size if readings_path.exists() else 0
            reading = progress.add_task("reading", total=size)
            readings = readings_read(
                readings_path, tanks, progress=lambda done: progress.update(reading, completed=done)
            )
            thinking = progress.add_task("thinking, tanks", total=len(tanks))
            found = replay_all(histories(tanks, readings), processes=processes)
            _write(out, self._told(found, progress, thinking))
        if readings.skipped:
            self.stderr.write(f"{readings.skipped} readings without a level from 0 to 100 were passed over")
        self.stdout.write(f"{len(tanks)} tanks, {len(readings.time)} readings: results in {out}")

    def _told(self, found: Iterable[Found], progress: Progress, task: TaskID) -> Iterator[Found]:
        """The same, its progress shown: where there is no terminal, as a line for every tenth part."""
        total = int(progress.tasks[task].total or 1)
        for done, rows in enumerate(found, start=1):
            yield rows
            progress.advance(task)
            if not progress.console.is_terminal and done * 10 // total > (done - 1) * 10 // total:
                self.stderr.write(f"{done} of {total} tanks")


def _write(out: Path, found: Iterable[Found]) -> None:
    """The four files: none of them is there under its name before all are whole."""
    parts = {name: out / f".{name}.csv.part" for name in HEADERS}
    try:
        out.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            writers = {}
            for name, part in parts.items():
                file = stack.enter_context(part.open("w", newline="", encoding="utf-8"))
                writers[name] = csv.writer(file, lineterminator="\n")
                writers[name].writerow(HEADERS[name])
            for rows in found:
                for name, lines in rows.items():
                    writers[name].writerows(lines)
        for name, part in parts.items():
            part.replace(out / f"{name}.csv")
    except OSError as error:
        raise BadFile(f"{out}: cannot be written: {error}") from error
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(file=sys.stderr),
    )
