"""Handing work to Celery from places that must go on without it."""

import logging

from celery import Task
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)


def enqueue(task: Task, *args: str, countdown: float = 0) -> bool:
    """Queue a task whose work a periodic sweep would find anyway, to run after `countdown` seconds.

    False (and a log line) without a broker.
    """
    try:
        task.apply_async(args=args, countdown=countdown or None, retry=False)
    except OperationalError as error:
        log.warning("%s is left to the sweep: %s", task.name, error)
        return False
    return True
