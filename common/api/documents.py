"""The OpenAPI document at /api/schema, and the page at /api/docs that shows it."""

from functools import cache
from threading import Lock
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET
from drf_spectacular.generators import SchemaGenerator

from common.api.responses import etag_of
from common.json import dumps

_making = Lock()  # drf-spectacular fails when two threads make one at once


def schema_bytes() -> bytes:
    """The document, made once a process: it takes about a second."""
    with _making:
        return _made()


@cache
def _made() -> bytes:
    document: Any = SchemaGenerator().get_schema(request=None, public=True)
    return dumps(document)


@require_GET
def schema(request: HttpRequest) -> HttpResponse:
    headers = {"Cache-Control": "public, max-age=60", "ETag": etag_of(schema_bytes())}
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return HttpResponse(status=304, headers=headers)
    return HttpResponse(schema_bytes(), content_type="application/json", headers=headers)


@require_GET
def docs(request: HttpRequest) -> HttpResponse:
    return render(request, "api_docs.html")
