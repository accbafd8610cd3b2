"""What runs by the clock: the one table, which `migrate` brings into django-celery-beat's own.

An operator may switch a task off or change its interval in the admin until the next `migrate`, which restores the
interval but leaves what was switched off alone. Rows an operator adds are never touched; rows of this table that
are gone from it are deleted.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any


@dataclass(frozen=True)
class Periodic:
    """A Celery task and how often it runs. A run that no worker took before the next is due is dropped."""

    task: str
    every: timedelta


PERIODIC = {
    "Send what is due: notifications, webhooks": Periodic(
        "notifications.tasks.send_due", timedelta(seconds=30)
    ),
    "Finish what was broken off: orders' messages, refunds, reviews": Periodic(
        "orders.tasks.orders_sweep", timedelta(seconds=30)
    ),
    "Notice devices that went silent": Periodic("iot.tasks.devices_check", timedelta(minutes=1)),
    "Look at tanks whose readings' meaning is due": Periodic("tanks.tasks.minds_sweep", timedelta(minutes=1)),
    "Remind of alerts that are still open": Periodic("tanks.tasks.alerts_remind", timedelta(minutes=10)),
    "Order water for low tanks that no reading has asked for": Periodic(
        "orders.tasks.replenish_due", timedelta(minutes=5)
    ),
}

MARK = "config/schedule.py"


def schedule_sync(**_: Any) -> None:
    """Make the stored schedule that of the table; run by `post_migrate`, any number of times."""
    from django_celery_beat.models import IntervalSchedule, PeriodicTask

    PeriodicTask.objects.filter(description=MARK).exclude(name__in=list(PERIODIC)).delete()
    for name, periodic in PERIODIC.items():
        seconds = int(periodic.every.total_seconds())
        interval, _created = IntervalSchedule.objects.get_or_create(
            every=seconds, period=IntervalSchedule.SECONDS
        )
        wanted = {
            "task": periodic.task,
            "interval": interval,
            "expire_seconds": seconds,
            "description": MARK,
        }
        row = PeriodicTask.objects.filter(name=name).first()
        if row is None:
            PeriodicTask.objects.create(name=name, **wanted)
        elif any(getattr(row, field) != value for field, value in wanted.items()):
            for field, value in wanted.items():
                setattr(row, field, value)
            row.save()
