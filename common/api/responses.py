"""Answers that skip DRF's renderer: data in its final names, made into bytes once, with its ETag."""

import hashlib
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from rest_framework.request import Request

from common.json import dumps

PRIVATE = "private, no-cache"


class JsonBytes(HttpResponse):
    """`data` as JSON. Its names must be camelCase already; ids, times and Decimals are rendered as everywhere."""

    def __init__(self, data: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(dumps(data), status=status, content_type="application/json", headers=headers)


def etag_of(content: bytes) -> str:
    return f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'


def _matches(wanted: str, etag: str) -> bool:
    """If-None-Match compares weakly: `W/` does not matter (RFC 9110, 13.1.2)."""
    return wanted == "*" or etag in (tag.strip().removeprefix("W/") for tag in wanted.split(","))


def conditional_json(request: Request | HttpRequest, data: Any) -> HttpResponse:
    """`data` as JSON with an ETag; 304 without a body when the client names it in If-None-Match.

    Private: only the user's own cache may keep it, and must ask again each time.
    """
    content = dumps(data)
    etag = etag_of(content)
    wanted = request.META.get("HTTP_IF_NONE_MATCH")
    headers = {"ETag": etag, "Cache-Control": PRIVATE, "Vary": "Authorization"}
    if wanted and _matches(wanted, etag):
        response = HttpResponse(status=304, headers=headers)
        del response["Content-Type"]
        return response
    return HttpResponse(content, content_type="application/json", headers=headers)
