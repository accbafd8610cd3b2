"""`manage.py simulate_fleet`: publishes the demo tanks' levels over MQTT until it is stopped."""

import random
import signal
import threading
from argparse import ArgumentParser
from typing import Any

import paho.mqtt.client as mqtt
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from common.time import utc_now
from iot.mqtt.address import configure
from iot.simulator import deliveries, fleet_tanks

LIVE_SECONDS = 5.0


class Command(BaseCommand):
    help = "Simulates the sensors of the demo tanks (device ids demo-…) over MQTT."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--interval", type=float, default=30.0, help="seconds between a sensor's readings"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        tanks = fleet_tanks()
        if not tanks:
            raise CommandError("There are no demo tanks: run `manage.py demo_seed` first.")
        stop = threading.Event()
        for ending in (signal.SIGTERM, signal.SIGINT):
            signal.signal(ending, lambda *_: stop.set())
        client = _connected()
        chance = random.Random()  # noqa: S311 — water, not secrets
        by_id = {tank.tank_id: tank for tank in tanks}
        due = {tank.tank_id: chance.uniform(0, options["interval"]) for tank in tanks}
        elapsed, seen = 0.0, utc_now()
        self.stdout.write(f"{len(tanks)} sensors report every {options['interval']:g} s")
        while not stop.wait(LIVE_SECONDS):
            now = utc_now()
            elapsed += LIVE_SECONDS
            for tank_id, liters, at in deliveries(tanks, seen):
                by_id[tank_id].deliver(liters)
                seen = at
            for tank in tanks:
                tank.live(LIVE_SECONDS, now, chance)
                if elapsed >= due[tank.tank_id]:
                    due[tank.tank_id] += options["interval"]
                    client.publish(f"tanks/{tank.device_id}/level", tank.payload(now, chance), qos=1)
        client.disconnect()
        client.loop_stop()


def _connected() -> mqtt.Client:
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="demo-fleet")
    client.connect(*configure(client, settings.MQTT_URL))
    client.loop_start()
    return client
