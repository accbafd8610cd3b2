"""`manage.py restore FOLDER`: what `manage.py backup` wrote, into an empty database."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from pymongo.errors import PyMongoError

from common.mongo import database
from config.backup import BackupError, backup_restore


class Command(BaseCommand):
    help = (
        "Reads a backup into the database, which must be empty. Restart the product's processes afterwards."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--replace", action="store_true", help="drop what the database holds now")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            restored = backup_restore(
                database=database(), folder=options["folder"], replace=options["replace"]
            )
        except (BackupError, PyMongoError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{sum(restored.values())} documents of {len(restored)} collections restored")
