"""One launcher a VAR_DIR, and one secret key."""

import contextlib
import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from config.environment import RUNNING_FILE
from config.launcher.errors import LaunchError

STOP_SECONDS = 15.0
POLL_SECONDS = 0.1


@contextlib.contextmanager
def only_launcher(var_dir: Path) -> Iterator[None]:
    """Hold VAR_DIR for this process; the kernel lets go of it however the process ends.

    Waits for a launcher that is about to end. Raises LaunchError with the pid of one that is not.
    """
    path = var_dir / "run" / "lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        deadline = time.monotonic() + STOP_SECONDS
        while not _locked(file):
            file.seek(0)
            pid = file.read().strip()
            if not pid or _stopping(var_dir) != pid or time.monotonic() > deadline:
                raise LaunchError(
                    f"Already running on {var_dir} (pid {pid or 'unknown'}). Stop that one first, or give this "
                    "one a folder and ports of its own: VAR_DIR=… PORT=… MQTT_PORT=… make run."
                )
            time.sleep(POLL_SECONDS)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def say_stopping(var_dir: Path) -> None:
    """Tell a next launcher that this one is about to end."""
    with contextlib.suppress(OSError):
        (var_dir / "run" / "stopping").write_text(str(os.getpid()))


def _stopping(var_dir: Path) -> str:
    try:
        return (var_dir / "run" / "stopping").read_text()
    except OSError:
        return ""


def _locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def announced(var_dir: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """While inside, `manage.py` in another terminal finds the embedded servers and the secret key."""
    path = var_dir / RUNNING_FILE
    _write_private(path, json.dumps({"pid": os.getpid(), "environment": dict(environment)}))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def secret_key(var_dir: Path) -> str:
    """The key made at the first start of this VAR_DIR, readable by its owner alone."""
    path = var_dir / "secret_key"
    with contextlib.suppress(FileNotFoundError):
        if key := path.read_text().strip():
            return key
    key = secrets.token_urlsafe(48)
    _write_private(path, key)
    return key


def _write_private(path: Path, text: str) -> None:
    """Write a file only its owner can read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
