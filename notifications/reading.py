"""What a user was told, as they read it."""

from collections.abc import Iterator

from bson import ObjectId

from common.errors import NotFoundError
from common.mongo import Document, collection
from common.time import utc_now
from notifications.models import Notification


def notifications_page(
    *, user_id: ObjectId, read: bool | None = None, skip: int, limit: int
) -> tuple[int, list[Notification]]:
    """How many notifications the user has, and those of one page, newest first.

    `read` wants read or unread ones alone. Not by `order_by`: the ORM's sort uses no index.
    """
    wanted: Document = {"user_id": user_id}
    if read is not None:
        wanted["read"] = read
    pipeline = [{"$match": wanted}, {"$sort": {"created_at": -1}}, {"$skip": skip}, {"$limit": limit}]
    found = list(Notification.objects.raw_aggregate(pipeline))
    return collection(Notification).count_documents(wanted), found


def notifications_of(user_id: ObjectId) -> Iterator[Notification]:
    """All the user's notifications, newest first."""
    yield from Notification.objects.raw_aggregate(
        [{"$match": {"user_id": user_id}}, {"$sort": {"created_at": -1}}]
    )


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
