"""Background work of notifications. Safe to run twice, at once or again.

The dispatchers are imported when a task runs: they, in turn, tell and emit, which queues these tasks.
"""

from celery import shared_task

from common.mongo import object_id
from common.queue import enqueue

SOON_SECONDS = 60


@shared_task
def notification_send(notification_id: str) -> None:
    """Send what is due of one notification."""
    from notifications.dispatch import notification_dispatch

    pk = object_id(notification_id)
    if pk is not None:
        notification_dispatch(notification_id=pk)


@shared_task
def webhook_send(delivery_id: str) -> None:
    """Call one webhook; a second try that is due before the sweep would see it is queued here."""
    from common.time import utc_now
    from notifications.webhooks.dispatch import webhook_dispatch

    pk = object_id(delivery_id)
    again = webhook_dispatch(delivery_id=pk) if pk is not None else None
    if again is not None and (wait := (again - utc_now()).total_seconds()) < SOON_SECONDS:
        enqueue(webhook_send, delivery_id, countdown=max(wait, 0))


@shared_task
def send_due() -> None:
    """Queue everything whose time has come: ended quiet hours, retries, and what a lost queue forgot."""
    from notifications import dispatch
    from notifications.webhooks import dispatch as webhook_dispatch

    due = [(notification_send, pk) for pk in dispatch.due_ids()]
    due += [(webhook_send, pk) for pk in webhook_dispatch.due_ids()]
    for task, pk in due:
        if not enqueue(task, str(pk)):
            return
