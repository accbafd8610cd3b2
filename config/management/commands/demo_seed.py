"""`manage.py demo_seed`: the demo's data, made once."""

from typing import Any

from django.core.management.base import BaseCommand

from config.demo import seed


class Command(BaseCommand):
    help = "Makes the demo data (users, tanks, 60 days of readings, orders), unless it is there already."

    def handle(self, *args: Any, **options: Any) -> None:
        if seed.is_seeded():
            self.stdout.write("The demo data is there already.")
            return
        stories = seed.seed()
        self.stdout.write(f"Made {len(stories)} demo tanks with their readings and orders.")
