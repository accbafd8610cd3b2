"""`manage.py mosquitto_sync`: makes Mosquitto's dynamic-security users those of the product."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from iot.broker.control import Control, ControlError
from iot.broker.dynamic_security import users_sync

NAMED = 20


class Command(BaseCommand):
    help = "Writes every device's and gateway's client and role to Mosquitto (MQTT_CONTROL_URL), removes the others."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.MQTT_CONTROL_URL:
            raise CommandError(
                "Set MQTT_CONTROL_URL to the administrator's address: mqtt://admin:…@host:port"
            )
        try:
            with Control(settings.MQTT_CONTROL_URL) as control:
                synced = users_sync(control=control)
        except ControlError as error:
            raise CommandError(f"Mosquitto: {error}") from error
        self.stdout.write(f"{synced.users} users, {synced.removed} removed")
        if synced.unusable:
            names = ", ".join(synced.unusable[:NAMED]) + (" …" if len(synced.unusable) > NAMED else "")
            self.stdout.write(
                f"{len(synced.unusable)} were not known to the broker and have no password there: "
                f"renew their secrets ({names})"
            )
