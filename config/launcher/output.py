"""What children print: on the console under their short name, and in a bounded log file."""

import contextlib
import sys
import threading
from pathlib import Path
from typing import IO

NAME_WIDTH = 9
LOG_BYTES = 10 * 1024 * 1024

_console = threading.Lock()


def say(text: str, *, name: str = "launcher") -> None:
    """Print lines under a name. A console that has gone away is no reason to stop."""
    with _console, contextlib.suppress(OSError, ValueError):
        for line in text.splitlines() or [""]:
            sys.stdout.write(f"{name:<{NAME_WIDTH}}| {line}\n")
        sys.stdout.flush()


def rotate(path: Path) -> None:
    """Keep the log of the last start beside that of this one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        path.replace(path.with_name(f"{path.name}.1"))


def relay(source: IO[bytes], *, name: str, log_path: Path) -> threading.Thread:
    """Copy a child's output to the console and its log until it ends, in a thread."""
    thread = threading.Thread(target=_copy, args=(source, name, log_path), name=f"output-{name}", daemon=True)
    thread.start()
    return thread


def _copy(source: IO[bytes], name: str, log_path: Path) -> None:
    with source:
        for raw in source:
            line = raw.decode(errors="replace").rstrip("\r\n")
            say(line, name=name)
            # A full disk must not stop the reading: a child blocks when its pipe is full.
            with contextlib.suppress(OSError):
                _append(log_path, line)


def _append(path: Path, line: str) -> None:
    with path.open("a") as log:
        if log.tell() > LOG_BYTES:
            rotate(path)
            return _append(path, line)
        log.write(line + "\n")
    return None
