"""Without providers: mails are written as `.eml` files under `VAR_DIR/outbox/`, SMS and push as JSON lines."""

import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from common.json import camelize, dumps
from common.time import utc_now


class OutboxEmailBackend(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Writes every message; returns how many. A half-written file never carries the `.eml` name."""
        folder = Path(settings.OUTBOX_DIR)
        folder.mkdir(parents=True, exist_ok=True)
        for message in email_messages:
            name = f"{utc_now():%Y%m%dT%H%M%S%f}-{uuid.uuid4().hex[:8]}"
            part = folder / f"{name}.part"
            part.write_bytes(message.message().as_bytes())
            part.rename(folder / f"{name}.eml")
        return len(email_messages)


def outbox_append(name: str, line: dict[str, Any]) -> None:
    """Add one JSON line to a file of the outbox; lines of several processes do not mix."""
    folder = Path(settings.OUTBOX_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("ab", buffering=0) as file:
        file.write(dumps(camelize({"at": utc_now(), **line})) + b"\n")
