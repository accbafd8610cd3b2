"""The disk under VAR_DIR while the product runs: people are told before it is full, and again while it is."""

import shutil
import time
from pathlib import Path

from config.launcher import output

LITTLE_BYTES = 256 * 1024**2
LOOK_SECONDS = 5.0
REPEAT_SECONDS = 60.0


class DiskWatch:
    """Says so when little room is left in `folder`, once a minute."""

    def __init__(self, folder: Path, *, little: int = LITTLE_BYTES) -> None:
        self.folder, self.little = folder, little
        self._look_at = self._say_at = 0.0

    def look(self) -> None:
        """Call it as often as you like: it looks every few seconds."""
        now = time.monotonic()
        if now < self._look_at:
            return
        self._look_at = now + LOOK_SECONDS
        free = shutil.disk_usage(self.folder).free
        if free < self.little and now >= self._say_at:
            self._say_at = now + REPEAT_SECONDS
            output.say(
                f"only {free // 1024**2} MB are free on the disk of {self.folder}: make room. What cannot be "
                "stored is refused until then."
            )
