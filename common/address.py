"""Whence a request comes, seen past the proxies that are ours."""

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The client's IP address: the peer's, or what the outermost of TRUSTED_PROXIES own proxies saw.

    Each proxy appends its peer to X-Forwarded-For; what stands left of our own entries anyone may have written.
    """
    peer = str(request.META.get("REMOTE_ADDR", ""))
    hops = settings.TRUSTED_PROXIES
    if not hops:
        return peer
    seen = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    return seen[-hops] if len(seen) >= hops else peer
