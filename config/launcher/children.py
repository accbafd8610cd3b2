"""One child process: how it is described, started and ended."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from config.launcher import tied
from config.launcher.errors import LaunchError

PROJECT_DIR = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Command:
    """A program to run. `env` is added to the launcher's own environment."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    # Its output goes to its log alone, without the launcher in between.
    quiet: bool = False
    # Servers with data are asked to stop even when the launcher is killed; everything else just ends.
    death_signal: signal.Signals = signal.SIGKILL


def spawn(command: Command, *, output: int | IO[bytes]) -> subprocess.Popen[bytes]:
    """Start the command in a session of its own, tied to the calling thread's life.

    Call it from a thread that lives as long as the child should. A session of its own keeps the terminal's
    Ctrl-C from reaching the child before the launcher decides the order of stopping.
    """
    shim = [sys.executable, "-S", "-E", tied.__file__, str(os.getpid()), str(int(command.death_signal))]
    try:
        return subprocess.Popen(
            [*shim, *command.argv],
            cwd=PROJECT_DIR,
            env={**os.environ, **command.env},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise LaunchError(f"{command.name} could not be started: {error}.") from error


def ask_to_stop(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM to the process alone; it ends its own children."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to whatever is left of the process's session group, and wait for the process."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def stop(process: subprocess.Popen[bytes], *, seconds: float) -> bool:
    """Ask, wait up to `seconds`, then kill what is left. True when it went by itself."""
    ask_to_stop(process)
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    went = process.poll() is not None
    kill_group(process)
    return went
