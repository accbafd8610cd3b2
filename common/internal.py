"""Addresses that only this machine, or who has the shared token, may ask."""

import hmac
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest

# Any proxy says so in one of these; what came through one did not come from this machine.
FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via")


def is_internal(request: HttpRequest) -> bool:
    """Whether the request carries `INTERNAL_TOKEN`, or comes from loopback and through no proxy.

    The token is a bearer token, or `?token=` for callers that cannot send headers.
    """
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    given = bearer.strip() if scheme.lower() == "bearer" else request.GET.get("token", "")
    if given:
        token: str = settings.INTERNAL_TOKEN
        return bool(token) and hmac.compare_digest(given.encode(), token.encode())
    if any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ip_address(str(request.META.get("REMOTE_ADDR", ""))).is_loopback
    except ValueError:
        return False
