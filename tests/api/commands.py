"""What MongoDB is sent: the names of commands, as pymongo's monitoring tells them."""

from collections.abc import Iterator
from contextlib import contextmanager

from pymongo import monitoring


class Commands(monitoring.CommandListener):
    """Listens to every client made after it is registered; writes down only within `listening`."""

    def __init__(self) -> None:
        self.heard: list[str] | None = None

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if self.heard is not None:
            self.heard.append(f"{event.command_name} {event.command.get(event.command_name)}")

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None: ...

    def failed(self, event: monitoring.CommandFailedEvent) -> None: ...

    @contextmanager
    def listening(self) -> Iterator[list[str]]:
        self.heard = heard = []
        try:
            yield heard
        finally:
            self.heard = None


COMMANDS = Commands()
