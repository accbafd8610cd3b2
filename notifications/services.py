"""Telling people: once for each key, in the app at once, by mail, SMS and push as they wish."""

from bson import ObjectId
from django.db import IntegrityError

from accounts.models import User
from common.live import event_publish
from common.queue import enqueue
from common.time import utc_now
from notifications import rules
from notifications.models import Delivery, Notification, RelatedTo
from notifications.selectors import channels_of, notification_payload, quiet_of
from notifications.tasks import notification_send


def notify(
    *,
    user_id: ObjectId,
    type: str,  # the seed's name for it
    message: str,
    key: str,
    related_model: str | None = None,
    related_id: ObjectId | None = None,
    urgent: bool = False,
) -> Notification | None:
    """Tell a user something, once for each `key`.

    Stores it for the app, sends the live event `notification.new`, and queues a sending for each channel the
    user wants and can be reached by; outside urgent matters, quiet hours put those off to their end.
    `type` is one of `notifications.models.Type`; `related_model` is order, tank or system. Returns None when
    the key was told before, or there is no such active user.
    """
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        return None
    now = utc_now()
    at = rules.send_at(now, quiet_of(user), urgent=urgent)
    deliveries = [Delivery(channel=channel, next_at=at) for channel in channels_of(user)]
    try:
        notification: Notification = Notification.objects.create(
            user_id=user_id,
            type=type,
            message=message,
            related_to=RelatedTo(model=related_model, object_id=related_id) if related_model else None,
            urgent=urgent,
            key=key,
            deliveries=deliveries,
            pending=bool(deliveries),
            next_at=at if deliveries else None,
        )
    except IntegrityError:
        return None
    event_publish(
        audience=[user_id],
        type="notification.new",
        data=notification_payload(notification),
        at=notification.created_at,
    )
    if deliveries and at <= now:
        enqueue(notification_send, str(notification.pk))
    return notification
