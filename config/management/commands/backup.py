"""`manage.py backup FOLDER`: the whole database, as of one moment, into a new folder."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from pymongo.errors import PyMongoError

from common.mongo import database
from config.backup import BackupError, backup_write


class Command(BaseCommand):
    help = "Writes the whole database, as of one moment, into a new folder. The product may go on running."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            written = backup_write(database=database(), folder=options["folder"])
        except (BackupError, PyMongoError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{sum(written.values())} documents of {len(written)} collections in {options['folder']}"
        )
