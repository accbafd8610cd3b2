"""Answers to a broker that asks: is this login good, and may this user do that."""

from __future__ import annotations

import hmac
from urllib.parse import unquote, urlsplit

from django.conf import settings

from common.time import utc_now
from iot.broker.topics import GATEWAY, Rights, covered, rights_of
from iot.ingest.pipeline import pipeline_of_thread
from iot.models import Gateway
from iot.services.gateways import gateway_authenticate

MOST_CHARACTERS = 1_024


def login_is_good(*, username: str, password: str) -> bool:
    """Of the product itself, a device or a gateway; as slow for an unknown user as for a wrong password."""
    if len(username) + len(password) > MOST_CHARACTERS:
        return False
    return (
        _is_the_products(username, password)
        or device_secret_is(username, password)
        or gateway_authenticate(gateway_id=username, secret=password) is not None
    )


def publish_is_allowed(*, username: str, topic: str) -> bool:
    """Whether the user may publish on the topic. Wildcards and `$` topics are nobody's."""
    if _is_product(username):
        return True
    rights = _rights(username)
    return rights is not None and not set("+#") & set(topic) and covered(topic, rights.publish)


def subscribe_is_allowed(*, username: str, topic: str) -> bool:
    """Whether the user may subscribe to the filter, or be given what is published on the topic."""
    if _is_product(username):
        return True
    rights = _rights(username)
    return rights is not None and covered(topic, rights.subscribe)


def device_secret_is(device_id: str, secret: str) -> bool:
    """Whether a registered device has this secret; as slow for an unknown device as for a wrong secret."""
    known = pipeline_of_thread().known
    known.hear_changes()
    device = known.get(device_id)
    matches = (device or known.nobody).secret_is(secret, now=utc_now())
    return matches and device is not None


def _rights(username: str) -> Rights | None:
    if len(username) > MOST_CHARACTERS:
        return None
    known = pipeline_of_thread().known
    known.hear_changes()
    device = known.get(username)
    if device is not None:
        return rights_of(device.device_id, device.kind)
    return GATEWAY if Gateway.objects.filter(gateway_id=username, active=True).exists() else None


def product_login() -> tuple[str, str] | None:
    """User and password that `MQTT_URL` gives the product's own processes; None where the broker asks for none."""
    address = urlsplit(settings.MQTT_URL)
    if not address.username:
        return None
    return unquote(address.username), unquote(address.password or "")


def _is_product(username: str) -> bool:
    login = product_login()
    return login is not None and login[0] == username


def _is_the_products(username: str, password: str) -> bool:
    login = product_login()
    if login is None or not login[1]:
        return False
    given, kept = (f"{user}\0{word}".encode() for user, word in ((username, password), login))
    return hmac.compare_digest(given, kept)
