"""Rate limits: one a scope, by settings.RATE_LIMITS (requests a minute; 0: none).

The scope is the view's `throttle_scope` (`auth` counts by address, `device` by device), else `read` or `write` by
method. Who is counted is the user or device, or the address of someone unknown.
"""

import math
from typing import Any

from django.conf import settings
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from common.address import client_address
from common.errors import DomainError
from common.limits import count_hit

WINDOW_SECONDS = 60


class ScopeThrottle(BaseThrottle):
    def allow_request(self, request: Request, view: Any) -> bool:
        """True, or raises DomainError `too_many_requests` (429), which says which limit and until when."""
        scope = getattr(view, "throttle_scope", None) or (
            "read" if request.method in SAFE_METHODS else "write"
        )
        limit = settings.RATE_LIMITS[scope]
        if not limit:
            return True
        user: Any = request.user if scope != "auth" else None
        who = f"user:{user.pk}" if user is not None else f"address:{client_address(request._request)}"
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
