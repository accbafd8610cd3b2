"""When the product can be used: the web answers, live sockets are taken, and devices are heard."""

import contextlib
import http.client
import json
import socket
import time
from collections.abc import Mapping

from config.environment import Environment
from config.launcher.servers import EVERY_ADDRESS

PROBE_SECONDS = 5.0
# Where listeners tell how they fare (`iot.mqtt.heartbeat`, which cannot be imported without Django).
LISTENERS_KEY = "ingest:listeners"


class Readiness:
    """Answers "is it ready yet?" for one start; what was ready once is not asked again."""

    def __init__(self, environment: Environment, env: Mapping[str, str]) -> None:
        self.environment = environment
        self.live_socket = env["LIVE_SOCKET"]
        self.since = time.time()
        self.waiting_for = {
            "web": self.web_answers,
            "live": self.live_listens,
            "listener": self.listener_hears,
        }

    def complete(self) -> bool:
        """Whether everything is ready. Takes a few seconds at most."""
        for name, check in list(self.waiting_for.items()):
            if check():
                del self.waiting_for[name]
        return not self.waiting_for

    def web_answers(self) -> bool:
        """`/readyz` says 200: the web processes reach every server they need."""
        address = self.environment.bind_address
        connection = http.client.HTTPConnection(
            "127.0.0.1" if address == EVERY_ADDRESS else address, self.environment.port, timeout=PROBE_SECONDS
        )
        host = self.environment.allowed_hosts[0].lstrip(".").replace("*", "localhost")
        with contextlib.closing(connection):
            try:
                connection.request("GET", "/readyz", headers={"Host": host})
                return connection.getresponse().status == http.client.OK
            except (OSError, http.client.HTTPException):
                return False

    def live_listens(self) -> bool:
        """The live process takes sockets."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
            channel.settimeout(PROBE_SECONDS)
            return channel.connect_ex(self.live_socket) == 0

    def listener_hears(self) -> bool:
        """A listener of this start is connected to the broker: what devices send from now on is stored."""
        import redis

        try:
            with redis.Redis.from_url(str(self.environment.redis_url)) as client:
                beats = [json.loads(beat) for beat in client.hvals(LISTENERS_KEY)]  # type: ignore[union-attr]
        except (redis.RedisError, OSError, ValueError):
            return False
        return any(beat.get("state") == "working" and beat.get("at", 0) >= self.since for beat in beats)
