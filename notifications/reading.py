"""What a user was told, as they read it."""

from bson import ObjectId
from django.db.models import QuerySet

from common.errors import NotFoundError
from common.time import utc_now
from notifications.models import Notification


def notifications_of(*, user_id: ObjectId, read: str | None = None) -> QuerySet[Notification]:
    """The user's notifications, newest first; `read` ("true", "false") wants read or unread ones alone."""
    own: QuerySet[Notification] = Notification.objects.filter(user_id=user_id)
    if read is not None:
        own = own.filter(read=read == "true")
    return own.order_by("-created_at", "-pk")


def notification_read(*, user_id: ObjectId, notification_id: ObjectId) -> Notification:
    """Marks one as read; again is fine. Raises NotFoundError."""
    own = Notification.objects.filter(pk=notification_id, user_id=user_id)
    own.filter(read=False).update(read=True, updated_at=utc_now())
    found: Notification | None = own.first()
    if found is None:
        raise NotFoundError("notification")
    return found


def notifications_read_all(*, user_id: ObjectId) -> int:
    """Marks all as read; returns how many were not."""
    unread = Notification.objects.filter(user_id=user_id, read=False)
    count: int = unread.update(read=True, updated_at=utc_now())
    return count
