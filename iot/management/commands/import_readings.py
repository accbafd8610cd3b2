"""`manage.py import_readings FILE.csv`: the whole history of tanks from another system."""

from __future__ import annotations

import hashlib
import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfoNotFoundError

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from pymongo.errors import PyMongoError
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from common.errors import DomainError
from iot.history import Counts, History, HistoryError

NAMED = 20
HEAD_BYTES = 65_536


class Command(BaseCommand):
    help = (
        "Imports readings from a CSV file with a header: timestamp; level, volumeLiters, distanceMm or depthMm; and "
        "tankId or deviceId unless --tank is given. Run it again to go on where it was stopped: nothing is stored "
        "twice, no alert is raised and nothing is ordered."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--tank", help="id of the tank, when the file names none")
        parser.add_argument("--timezone", help="of times without one, such as Europe/Berlin")
        parser.add_argument("--again", action="store_true", help="from the start, not where it was stopped")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            history = History(path, tank=options["tank"], timezone=options["timezone"])
        except (OSError, HistoryError, ZoneInfoNotFoundError, ValueError) as error:
            raise CommandError(f"{path}: {error}") from error
        kept = progress_file(history)
        if not options["again"]:
            _resume(history, kept)
            if history.offset:
                self.stdout.write(f"going on at line {history.line + 1}")
        try:
            self._run(history, kept)
        except (KeyboardInterrupt, PyMongoError, DomainError) as error:
            why = "stopped" if isinstance(error, KeyboardInterrupt) else f"stopped: {error}"
            raise CommandError(
                f"{why}; run the same command again to go on at line {history.line + 1}"
            ) from None
        kept.unlink(missing_ok=True)
        counts = history.counts
        self.stdout.write(
            f"{counts.rows} rows: {counts.stored} stored, {counts.duplicates} were there before, "
            f"{counts.refused} refused"
        )

    def _run(self, history: History, kept: Path) -> None:
        named = 0
        columns = (
            TextColumn("{task.percentage:>3.0f} %"),
            BarColumn(),
            TextColumn("{task.fields[rows]} rows"),
        )
        with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as progress:
            bar = progress.add_task(
                "", total=history.path.stat().st_size, completed=history.offset, rows=history.counts.rows
            )
            for counts in history.chunks():
                progress_write(kept, history)
                for problem in history.problems[: NAMED - named]:
                    self.stderr.write(problem)
                named += min(len(history.problems), NAMED - named)
                progress.update(bar, completed=history.offset, rows=counts.rows)


def progress_file(history: History) -> Path:
    """Named by what is imported and whither, so that another file never goes on where this one stopped."""
    with history.path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    size = history.path.stat().st_size
    what = f"{size}\0{history.tank}\0{history.timezone}\0{settings.DATABASES['default']['NAME']}"
    digest = hashlib.sha256(head + what.encode()).hexdigest()
    return Path(settings.VAR_DIR) / "imports" / f"{digest[:32]}.json"


def _resume(history: History, kept: Path) -> None:
    try:
        told = json.loads(kept.read_text())
        history.offset, history.line, history.counts = told["offset"], told["line"], Counts(**told["counts"])
    except (OSError, ValueError, KeyError, TypeError):
        return


def progress_write(kept: Path, history: History) -> None:
    """Notes how far the import is; whole, or as it was before."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    part = kept.with_suffix(".part")
    part.write_text(
        json.dumps({"offset": history.offset, "line": history.line, "counts": asdict(history.counts)})
    )
    part.replace(kept)
