"""Background work of notifications. Safe to run twice, at once or again."""

from celery import shared_task

from common.mongo import object_id
from common.queue import enqueue
from notifications.dispatch import due_ids, notification_dispatch


@shared_task
def notification_send(notification_id: str) -> None:
    """Send what is due of one notification."""
    pk = object_id(notification_id)
    if pk is not None:
        notification_dispatch(notification_id=pk)


@shared_task
def send_due() -> None:
    """Queue everything whose time has come: ended quiet hours, retries, and what a lost queue forgot."""
    for pk in due_ids():
        if not enqueue(notification_send, str(pk)):
            return
