"""What the embedded servers have in common: one process, one address, one folder, and health by protocol."""

import importlib.metadata
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import ClassVar

from config.launcher import children
from config.launcher.errors import LaunchError
from config.launcher.ports import port_is_free, port_owner

START_SECONDS = 30.0
STOP_SECONDS = 5.0
PROBE_SECONDS = 1.0


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

    @property
    def product_url(self) -> str:
        """The address the product's own processes use."""
        return self.url

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


def answer(host: str, port: int, request: bytes, size: int) -> bytes:
    """The first `size` bytes answered to a request; empty when there is no answer in time."""
    try:
        with socket.create_connection((host, port), timeout=PROBE_SECONDS) as connection:
            connection.sendall(request)
            return connection.recv(size, socket.MSG_WAITALL)
    except OSError:
        return b""


def packaged(distribution: str, program: str) -> Path:
    """A program of an installed distribution, found without importing it. Raises LaunchError."""
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
