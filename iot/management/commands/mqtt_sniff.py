"""`manage.py mqtt_sniff`: listens to a broker and says what its unknown topics most likely mean."""

from __future__ import annotations

import queue
import signal
import threading
import time
from argparse import ArgumentParser
from typing import Any

import paho.mqtt.client as mqtt
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from iot.mqtt.address import configure
from iot.sniff import Sniffer

WAITING_MESSAGES = 10_000
POLL_SECONDS = 0.2


class Command(BaseCommand):
    help = (
        "Shows each new topic on a broker once, with the decoder, device, field and unit that its payload suggests. "
        "Nothing is saved."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--url", default=settings.MQTT_URL, help="mqtt://user:password@host:port")
        parser.add_argument("--topic", default="#", help="filter to subscribe to")
        parser.add_argument("--seconds", type=float, help="how long; until Ctrl-C unless given")
        parser.add_argument("--all", action="store_true", help="also the topics of registered devices")

    def handle(self, *args: Any, **options: Any) -> None:
        heard: queue.Queue[tuple[str, bytes]] = queue.Queue(WAITING_MESSAGES)
        over = threading.Event()
        if threading.current_thread() is threading.main_thread():
            for ending in (signal.SIGTERM, signal.SIGINT):
                signal.signal(ending, lambda *_: over.set())
        client = self._client(options["topic"], heard)
        try:
            client.connect(*configure(client, options["url"]))
        except OSError as error:
            raise CommandError(f"{options['url']} does not answer: {error}") from error
        client.loop_start()
        until = time.monotonic() + (options["seconds"] or float("inf"))
        sniffer, count = Sniffer(), 0
        while not over.is_set() and time.monotonic() < until:
            try:
                topic, payload = heard.get(timeout=POLL_SECONDS)
            except queue.Empty:
                continue
            found = sniffer.hear(topic, payload)
            if found is not None and (options["all"] or found.device_id is None):
                count += 1
                self.stdout.write(found.line())
                self.stdout.flush()
        client.disconnect()
        client.loop_stop()
        self.stdout.write(f"{count} topics shown")

    def _client(self, topic: str, heard: queue.Queue[tuple[str, bytes]]) -> mqtt.Client:
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)

        def connected(_: Any, __: Any, ___: Any, reason: Any, ____: Any) -> None:
            if reason.is_failure:
                self.stderr.write(f"refused: {reason}")
            client.subscribe(topic)

        def arrived(_: Any, __: Any, message: mqtt.MQTTMessage) -> None:
            if not heard.full():  # a look at a busy broker misses some; its topics come again
                heard.put((message.topic, bytes(message.payload)))

        client.on_connect, client.on_message = connected, arrived
        return client
