"""SMS: without a provider, lines in `VAR_DIR/outbox/sms.jsonl`."""

from accounts.models import User
from notifications.models import Notification
from notifications.transports import TransportError
from notifications.transports.outbox import outbox_append


def send(*, notification: Notification, user: User) -> None:
    if not user.phone:
        raise TransportError("the user has no phone number", permanent=True)
    outbox_append(
        "sms.jsonl",
        {"id": notification.pk, "to": user.phone, "type": notification.type, "text": notification.message},
    )
