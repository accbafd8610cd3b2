"""Pid files, and the end of whatever an earlier launcher left behind.

Every child is tied to the launcher's life by the kernel (`tied.py`), which its own children may not be: a pid
file names the session each child leads, so that a next start can end all of it. A pid alone is not believed:
the time of start and the boot must fit too.
"""

import contextlib
import os
import signal
import time
from pathlib import Path

import psutil

GRACE_SECONDS = 5.0


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def record(folder: Path, name: str, pid: int) -> None:
    """Remember a child. One that has already ended is not worth remembering, and a full disk no reason to stop."""
    with contextlib.suppress(psutil.Error, OSError):
        started = psutil.Process(pid).create_time()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.pid").write_text(f"{pid} {started!r} {_boot()}\n")


def forget(folder: Path, name: str) -> None:
    (folder / f"{name}.pid").unlink(missing_ok=True)


def end_all(folder: Path) -> list[str]:
    """End every process an earlier launcher recorded here; returns the names of those that still ran.

    They were told to end when that launcher died: servers get a few seconds to finish writing.
    """
    ended: list[str] = []
    for path in sorted(folder.glob("*.pid")):
        processes = _recorded(path)
        if processes:
            ended.append(path.stem)
            _end(processes)
        path.unlink(missing_ok=True)
    return ended


def _recorded(path: Path) -> list[psutil.Process]:
    """The recorded process and the members of its session that still live."""
    try:
        pid_text, started_text, boot = path.read_text().split()
        pid, started = int(pid_text), float(started_text)
    except (OSError, ValueError):
        return []
    if boot != _boot():
        return []
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError, PermissionError):
            if process.status() == psutil.STATUS_ZOMBIE:
                continue  # ended, and not yet noticed by its parent
            born = process.create_time()
            if process.pid == pid and abs(born - started) > 1:
                return []  # the pid is another's now, so nothing of that session is left
            if os.getsid(process.pid) == pid and born >= started - 1:
                found.append(process)
    return found


def _end(processes: list[psutil.Process]) -> None:
    deadline = time.monotonic() + GRACE_SECONDS
    for sign in (signal.SIGTERM, signal.SIGKILL):
        for process in processes:
            with contextlib.suppress(psutil.Error):
                process.send_signal(sign)
        _, processes = psutil.wait_procs(processes, timeout=max(0.5, deadline - time.monotonic()))
