"""`manage.py mqtt_listener`: listens to the devices' broker until it is told to stop."""

import gc
import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from iot.mqtt.listener import Listener

POLL_SECONDS = 0.5
LEAVE_SECONDS = 5.0
# A batch makes thousands of objects that go with it; looking for cycles among them again and again finds none,
# and costs the more, the more devices are known.
GC_THRESHOLDS = (50_000, 20, 50)


class Command(BaseCommand):
    help = "Stores what devices publish over MQTT. Run several with one --group and a --name each to share the work."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", default="water-tanks-listener", help="its session's name at the broker")
        parser.add_argument("--group", default=settings.MQTT_SHARED_GROUP or None, help="$share group")
        parser.add_argument(
            "--drain",
            type=float,
            default=0.0,
            metavar="SECONDS",
            help="when told to stop, first take what the broker still holds, for so long at most",
        )

        parser.add_argument(
            "--leave",
            action="store_true",
            help="take what the broker still holds for this name, give the name up, and end",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        gc.set_threshold(*GC_THRESHOLDS)
        done = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: done.set())
        listener = Listener(
            url=settings.MQTT_URL, name=options["name"], group=options["group"], leaving=options["leave"]
        )
        listener.start()
        while not done.is_set() and not listener.subscribed.wait(POLL_SECONDS):
            pass
        if options["leave"]:
            self._leave(listener, done)
            return
        self.stdout.write(f"subscribed as {options['name']}")
        done.wait()
        if options["drain"] and not listener.drain(seconds=options["drain"]):
            self.stderr.write(f"the broker may still hold messages after {options['drain']:g} s")
        listener.stop()

    def _leave(self, listener: Listener, done: threading.Event) -> None:
        while not done.is_set() and not listener.drain(seconds=LEAVE_SECONDS):
            pass
        listener.stop()
        if done.is_set() or not listener.forget():
            raise CommandError(f"{listener.name} still has its session at the broker: try again")
        self.stdout.write(f"{listener.name} has left: nothing is kept for it any more")
