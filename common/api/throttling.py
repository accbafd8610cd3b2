"""Rate limits: one a scope, by settings.RATE_LIMITS (requests a minute; 0: none).

The scope is the view's `throttle_scope` (`auth` counts by address, `device` by device), else `read` or `write` by
method. Who is counted is the user or device, or the address of someone unknown.
"""

import math
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from common.address import client_address
from common.errors import DomainError
from common.limits import Count, count_hit, count_hit_and_get

WINDOW_SECONDS = 60


@dataclass(frozen=True)
class Counted:
    """A hit that was counted already, on the way of asking Redis something else."""

    key: str
    count: Count


def scope_of(request: Request, view: Any) -> str:
    return getattr(view, "throttle_scope", None) or ("read" if request.method in SAFE_METHODS else "write")


def count_and_get(request: Request, *, user_id: object, also: str) -> bytes | None:
    """Counts the request against its user's limit, and gives what Redis holds under `also`: one round trip."""
    scope = scope_of(request, request.parser_context["view"])
    key = f"{scope}:user:{user_id}"
    count, value = count_hit_and_get(key, also, window_seconds=WINDOW_SECONDS)
    request.counted = Counted(key, count)  # type: ignore[attr-defined]
    return value


class ScopeThrottle(BaseThrottle):
    def allow_request(self, request: Request, view: Any) -> bool:
        """True, or raises DomainError `too_many_requests` (429), which says which limit and until when."""
        scope = scope_of(request, view)
        limit = settings.RATE_LIMITS[scope]
        if not limit:
            return True
        user: Any = request.user if scope != "auth" else None
        who = f"user:{user.pk}" if user is not None else f"address:{client_address(request._request)}"
        counted: Counted | None = getattr(request, "counted", None)
        if counted is not None and counted.key == f"{scope}:{who}":
            count = counted.count
        else:
            count = count_hit(f"{scope}:{who}", window_seconds=WINDOW_SECONDS)
        if count.hits > limit:
            wait = max(1, math.ceil(count.seconds_left))
            raise DomainError(
                "too_many_requests",
                f"The limit of {limit} {scope} requests a minute is reached; try again in {wait} s.",
                status=429,
                limit={"scope": scope, "requests": limit, "windowSeconds": WINDOW_SECONDS},
                retryAfter=wait,
            )
        return True
