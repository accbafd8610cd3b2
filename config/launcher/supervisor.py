"""Children started, watched, restarted when they die, and stopped in order.

Everything here runs in the launcher's main thread: children are tied to the life of the thread that starts them.
"""

import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from config.launcher import children, leftovers, output
from config.launcher.children import Command
from config.launcher.errors import LaunchError

POLL_SECONDS = 0.05
FIRST_DELAY = 0.5
LONGEST_DELAY = 10.0
HEALTHY_SECONDS = 30.0


class StopRequested(Exception):
    """The person (or the system) asked for the end."""


@dataclass
class Child:
    """A process and, unless it runs `once`, when it is next due to start."""

    command: Command
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    delay: float = FIRST_DELAY
    due: float | None = None
    restarts: int = 0
    once: bool = False


@dataclass
class Supervisor:
    """Runs commands; output goes to `log_dir`, pid files to `pid_dir`."""

    log_dir: Path
    pid_dir: Path
    children: dict[str, Child] = field(default_factory=dict)
    signals: int = 0

    def listen_to_signals(self) -> None:
        """Take SIGINT, SIGTERM and SIGHUP as requests to stop; a second one as an order to hurry."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # nohup has it ignored so that the product survives the terminal.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._on_signal)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.signals += 1

    def pause(self, seconds: float = POLL_SECONDS) -> None:
        """Look after the children, then wait a little. Raises StopRequested when a signal came."""
        if self.signals:
            raise StopRequested
        self.watch()
        time.sleep(seconds)

    def add(self, command: Command) -> None:
        """Start a command and keep it running."""
        output.rotate(self.log_path(command.name))
        child = Child(command)
        self.children[command.name] = child
        self._start(child)

    def add_step(self, command: Command) -> None:
        """Start a command that is to run to its end, once. `finish_step` waits for it."""
        output.rotate(self.log_path(command.name))
        self.children[command.name] = Child(command, process=self._spawn(command), once=True)

    def finish_step(self, name: str) -> None:
        """Wait for a step. Raises LaunchError when it fails, StopRequested when asked to stop."""
        process = self.children[name].process
        assert process is not None
        while process.poll() is None:
            self.pause()
        children.kill_group(process)
        leftovers.forget(self.pid_dir, name)
        del self.children[name]
        if process.returncode != 0:
            raise LaunchError(
                f"The step '{name}' {_ending(process.returncode)}. What it said is above and in "
                f"{self.log_path(name)}. Nothing was lost: mend it and start again."
            )

    def wait_until(self, ready: Callable[[], bool], *, seconds: float, what: str) -> None:
        """Look after the children until `ready()`. Raises LaunchError when the time is over."""
        deadline = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > deadline:
                failing = ", ".join(name for name, child in self.children.items() if child.restarts)
                advice = f"These ended again and again: {failing}. " if failing else ""
                raise LaunchError(f"{what} was not ready after {seconds:.0f} s. {advice}See {self.log_dir}.")
            self.pause()

    def watch(self) -> None:
        """Note who died, and start who is due."""
        now = time.monotonic()
        for name, child in self.children.items():
            if child.process is not None and child.process.poll() is not None and not child.once:
                self._died(name, child, now)
            if child.process is None and child.due is not None and now >= child.due:
                self._start(child)

    def _died(self, name: str, child: Child, now: float) -> None:
        assert child.process is not None
        if now - child.started >= HEALTHY_SECONDS:
            child.delay = FIRST_DELAY
        ending = _ending(child.process.returncode)
        output.say(f"{name} {ending}; starting it again in {child.delay:g} s")
        children.kill_group(child.process)  # its own children must not outlive it
        child.process = None
        child.due = now + child.delay
        child.delay = min(child.delay * 2, LONGEST_DELAY)
        child.restarts += 1

    def _start(self, child: Child) -> None:
        child.process = self._spawn(child.command)
        child.started = time.monotonic()
        child.due = None

    def _spawn(self, command: Command) -> subprocess.Popen[bytes]:
        log_path = self.log_path(command.name)
        if command.quiet:
            with log_path.open("ab") as log:
                process = children.spawn(command, output=log)
        else:
            process = children.spawn(command, output=subprocess.PIPE)
            assert process.stdout is not None
            output.relay(process.stdout, name=command.name, log_path=log_path)
        leftovers.record(self.pid_dir, command.name, process.pid)
        return process

    def log_path(self, name: str) -> Path:
        return self.log_dir / f"{name}.log"

    def tell(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a child, if it runs."""
        child = self.children.get(name)
        if child is not None and child.process is not None and child.process.poll() is None:
            child.process.send_signal(number)

    def stop(self, stages: Iterable[tuple[Iterable[str], float]]) -> None:
        """Stop children stage by stage: names, and the seconds they have before force. Then all others."""
        for names, seconds in stages:
            self._stop_together([self.children.pop(name) for name in names if name in self.children], seconds)
        self._stop_together(list(self.children.values()), 1.0)
        self.children.clear()

    def _stop_together(self, group: list[Child], seconds: float) -> None:
        running = [(child.command.name, child.process) for child in group if child.process is not None]
        for _, process in running:
            children.ask_to_stop(process)
        deadline = time.monotonic() + seconds
        while any(process.poll() is None for _, process in running) and time.monotonic() < deadline:
            if self.signals > 1:
                break
            time.sleep(POLL_SECONDS / 2)
        for name, process in running:
            if process.poll() is None:
                output.say(f"{name} did not stop in time and was ended by force")
            children.kill_group(process)
            leftovers.forget(self.pid_dir, name)


def _ending(code: int) -> str:
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"
