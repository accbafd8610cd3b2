"""Devices' work in the background. Every task may run twice."""

from celery import shared_task

from common.time import utc_now
from tanks.services.device_status import devices_check as check


@shared_task
def devices_check() -> None:
    """Notices silence."""
    check(now=utc_now())
