"""Push to phones and browsers: without a provider, lines in `VAR_DIR/outbox/push.jsonl`, one a subscription."""

from accounts.models import User
from notifications.models import Notification, PushSubscription
from notifications.rules import subject
from notifications.selectors import notification_payload
from notifications.transports import TransportError
from notifications.transports.outbox import outbox_append


def send(*, notification: Notification, user: User) -> None:
    subscriptions = list(PushSubscription.objects.filter(user_id=user.pk))
    if not subscriptions:
        raise TransportError("the user has no device that takes pushes", permanent=True)
    for subscription in subscriptions:
        outbox_append(
            "push.jsonl",
            {
                "id": notification.pk,
                "to": subscription.endpoint,
                "kind": subscription.kind,
                "title": subject(notification.message),
                "notification": notification_payload(notification),
            },
        )
