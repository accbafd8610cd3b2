"""Is it alive, and can it work? For load balancers and the launcher."""

import logging
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

import pymongo
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, JsonResponse

from common.mongo import database
from iot.mqtt.heartbeat import BLOCKED, heartbeats

log = logging.getLogger(__name__)
MQTT_PORTS = {"mqtt": 1883, "mqtts": 8883}
CONNECT_SECONDS = 2


def healthz(request: HttpRequest) -> HttpResponse:
    """200 while the process lives."""
    return JsonResponse({"status": "alive"})


def check_mongodb() -> None:
    with pymongo.timeout(CONNECT_SECONDS):  # a server that hangs keeps its connections open
        database().command("ping")


def check_redis() -> None:
    cache.set("readyz", 1, 60)  # a full disk still answers reads


def check_mqtt() -> None:
    address = urlsplit(settings.MQTT_URL)
    port = address.port or MQTT_PORTS[address.scheme]
    socket.create_connection((address.hostname, port), timeout=CONNECT_SECONDS).close()


def check_listener() -> None:
    """A listener that cannot store says so; none at all is no fault of the web's."""
    stuck = [name for name, beat in heartbeats().items() if beat["state"] == BLOCKED]
    if stuck:
        raise RuntimeError(f"cannot store what devices send: {', '.join(stuck)}")


CHECKS: dict[str, Callable[[], None]] = {
    "mongodb": check_mongodb,
    "redis": check_redis,
    "mqtt": check_mqtt,
    "listener": check_listener,
}


def readyz(request: HttpRequest) -> HttpResponse:
    """200 when every part answers, else 503 with `failing` for the parts that do not (reasons go to the log)."""
    results = {}
    for name, check in CHECKS.items():
        try:
            check()
            results[name] = "ok"
        except Exception:
            log.exception("readiness: %s does not answer", name)
            results[name] = "failing"
    ready = all(result == "ok" for result in results.values())
    status = "ready" if ready else "unavailable"
    return JsonResponse({"status": status, "checks": results}, status=200 if ready else 503)
