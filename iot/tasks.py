"""Devices' work in the background. Every task may run twice."""

from celery import shared_task
from cryptography.fernet import InvalidToken
from django.conf import settings

from common.time import utc_now
from iot.broker.control import Control, ControlError
from iot.broker.dynamic_security import user_write
from iot.services.broker import unseal
from iot.services.downlinks import DownlinkError, config_publish
from tanks.services.device_status import devices_check as check

LONGEST_PAUSE_SECONDS = 1_800
MOST_TRIES = 200  # four days


@shared_task
def devices_check() -> None:
    """Notices silence."""
    check(now=utc_now())


@shared_task(
    autoretry_for=(ControlError,),
    retry_backoff=5,
    retry_backoff_max=LONGEST_PAUSE_SECONDS,
    max_retries=MOST_TRIES,
)
def broker_user_write(username: str, sealed: str) -> None:
    """Brings one login to the broker, when the broker is there to take it."""
    try:
        secret = unseal(sealed) if sealed else None
    except InvalidToken:
        secret = None  # the product's key is another one since: the device's secret has to be renewed
    with Control(settings.MQTT_CONTROL_URL) as control:
        user_write(control=control, username=username, secret=secret)


@shared_task(
    autoretry_for=(DownlinkError,),
    retry_backoff=5,
    retry_backoff_max=LONGEST_PAUSE_SECONDS,
    max_retries=MOST_TRIES,
)
def device_config_publish(device_id: str) -> None:
    """Tells a device its settings, when the broker is there to take them."""
    config_publish(device_id=device_id)
