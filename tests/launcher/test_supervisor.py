"""The supervisor and what surrounds it, as a real process with real, tiny children."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from config.launcher import leftovers

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).parent / "programs" / "tiny_launcher.py"
NAMES = ("plain", "grandchild", "stubborn")


class Tiny:
    """A launcher with tiny children on a folder of its own."""

    def __init__(self, var_dir: Path) -> None:
        self.var_dir = var_dir
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM), str(var_dir)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def pid(self, name: str) -> int:
        """The pid a child told of; 0 before it did."""
        try:
            return int((self.var_dir / "pids-seen" / name).read_text() or 0)
        except FileNotFoundError:
            return 0

    def wait_up(self) -> "Tiny":
        wait(lambda: all(alive(self.pid(name)) for name in NAMES))
        return self


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Tiny]]:
    started: list[Tiny] = []

    def _start() -> Tiny:
        started.append(Tiny(tmp_path))
        return started[-1]

    yield _start
    for tiny in started:
        if tiny.process.poll() is None:
            tiny.process.kill()
        tiny.process.communicate()
    leftovers.end_all(tmp_path / "run" / "pids")


def wait(true: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    if not pid:
        return False
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_every_child_even_one_that_ignores_it(
    start: Callable[[], Tiny], number: signal.Signals
) -> None:
    tiny = start().wait_up()
    pids = [tiny.pid(name) for name in NAMES]
    began = time.monotonic()
    tiny.process.send_signal(number)
    said, _ = tiny.process.communicate(timeout=10)
    assert time.monotonic() - began < 5
    assert tiny.process.returncode == 0
    assert "stopped" in said
    assert "stubborn did not stop in time and was ended by force" in said
    assert not any(alive(pid) for pid in pids)
    assert not list((tiny.var_dir / "run" / "pids").iterdir())


def test_a_second_signal_ends_at_once(start: Callable[[], Tiny]) -> None:
    tiny = start().wait_up()
    tiny.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    tiny.process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    tiny.process.communicate(timeout=10)
    assert time.monotonic() - began < 0.8


def test_killing_the_launcher_leaves_nothing_for_the_next_start(start: Callable[[], Tiny]) -> None:
    first = start().wait_up()
    pids = {name: first.pid(name) for name in NAMES}
    first.process.kill()
    wait(lambda: not alive(pids["plain"]) and not alive(pids["stubborn"]), seconds=2)
    second = start()
    wait(lambda: second.pid("plain") != pids["plain"])
    second.wait_up()
    # The kernel ended the children; the grandchild, which nobody tied, was found by its session.
    assert not any(alive(pid) for pid in pids.values())
    assert second.process.stdout is not None
    assert "plain" in second.process.stdout.readline()


def test_a_killed_child_is_started_again_and_its_own_children_end(start: Callable[[], Tiny]) -> None:
    tiny = start().wait_up()
    first, grandchild = tiny.pid("plain"), tiny.pid("grandchild")
    os.kill(first, signal.SIGKILL)
    wait(lambda: tiny.pid("plain") != first and tiny.pid("grandchild") != grandchild)
    tiny.wait_up()
    assert not alive(grandchild)
    assert alive(tiny.pid("stubborn"))


def test_a_second_launcher_on_the_same_folder_says_who_has_it(start: Callable[[], Tiny]) -> None:
    first = start().wait_up()
    second = start()
    _, said = second.process.communicate(timeout=10)
    assert second.process.returncode == 1
    assert f"pid {first.process.pid}" in said
    assert "VAR_DIR=" in said
    assert first.process.poll() is None
    assert alive(first.pid("plain"))


def test_a_start_waits_for_the_launcher_that_is_about_to_end(start: Callable[[], Tiny]) -> None:
    first = start().wait_up()
    pids = {name: first.pid(name) for name in NAMES}
    first.process.send_signal(signal.SIGTERM)
    wait(lambda: (first.var_dir / "run" / "stopping").exists())
    second = start()
    wait(lambda: second.pid("plain") != pids["plain"])
    second.wait_up()
    assert first.process.poll() == 0


def test_a_pid_that_another_process_has_by_now_is_left_alone(tmp_path: Path) -> None:
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    try:
        leftovers.record(tmp_path, "web", other.pid)
        pid, started, boot = (tmp_path / "web.pid").read_text().split()
        (tmp_path / "web.pid").write_text(f"{pid} {float(started) - 100} {boot}")
        assert leftovers.end_all(tmp_path) == []
        leftovers.record(tmp_path, "web", other.pid)
        (tmp_path / "web.pid").write_text(f"{pid} {started} another-boot")
        assert leftovers.end_all(tmp_path) == []
        assert other.poll() is None
        leftovers.record(tmp_path, "web", other.pid)
        assert leftovers.end_all(tmp_path) == ["web"]
        assert not alive(other.pid)
    finally:
        other.kill()
        other.wait()
