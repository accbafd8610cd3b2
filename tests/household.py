"""What a customer has: a phone that listens, and a sensor that reports."""

import json
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import paho.mqtt.client as mqtt
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.product import Product


def until(found: Callable[[], Any], *, what: str, seconds: float = 30) -> Any:
    """The first truthy answer of `found`, asked again and again."""
    deadline = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)
    return answer


class Phone:
    """The customer's app: a socket that comes back after every break and asks for what it missed."""

    def __init__(self, url: str, token: str) -> None:
        self.url, self.token = url.replace("http", "ws") + "/ws/live", token
        self.events: list[tuple[float, dict[str, Any]]] = []
        self.last_id = ""
        self.hello = threading.Event()
        self.hung_up = threading.Event()
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def _listen(self) -> None:
        while not self.hung_up.is_set():
            try:
                with connect(self.url, subprotocols=["live", f"bearer.{self.token}"]) as socket:  # type: ignore[list-item]
                    self._follow(socket)
            except (OSError, ConnectionClosed, TimeoutError):
                time.sleep(0.1)

    def _follow(self, socket: Any) -> None:
        while not self.hung_up.is_set():
            try:
                message = json.loads(socket.recv(timeout=0.5))
            except TimeoutError:
                continue
            if message["type"] == "hello":
                if self.last_id:
                    socket.send(json.dumps({"type": "resume", "after": self.last_id}))
                self.last_id = self.last_id or message["lastEventId"]
                self.hello.set()
            elif "id" in message:
                self.events.append((time.time(), message))
                self.last_id = message["id"]

    def of(self, kind: str) -> list[tuple[float, dict[str, Any]]]:
        return [(at, event["data"]) for at, event in list(self.events) if event["type"] == kind]

    def level(self) -> float | None:
        """The newest level told of any tank, percent."""
        levels = self.of("tank.level")
        return levels[-1][1]["level"] if levels else None

    def statuses(self) -> list[str]:
        """What the order went through, as told; one that was told twice counts once."""
        return list(dict.fromkeys(data["status"] for _, data in self.of("order.status")))


class Sensor:
    """A device that publishes QoS 1 and sends again what was not acknowledged."""

    def __init__(self, product: Product, device_id: str, secret: str) -> None:
        self.topic = f"tanks/{device_id}/level"
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=device_id, clean_session=False)
        self.client.username_pw_set(device_id, secret)
        self.client.connect("127.0.0.1", product.mqtt_port)
        self.client.loop_start()

    def publish(self, level: float, at: datetime) -> None:
        body = {"level": level, "timestamp": at.isoformat()}
        self.client.publish(self.topic, json.dumps(body), qos=1).wait_for_publish(10)

    def stop(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()
