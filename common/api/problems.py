"""RFC 9457 problem documents: the one shape of every failure."""

import logging
from http import HTTPStatus
from typing import Any

import orjson
from django.core.exceptions import PermissionDenied, RequestDataTooBig, ValidationError
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpResponse
from pymongo.errors import ConnectionFailure
from redis import RedisError
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from common.errors import DomainError
from common.json import PROBLEM_TYPE, camel

log = logging.getLogger(__name__)

CODES = {
    400: "invalid",
    401: "not_authenticated",
    403: "permission_denied",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    422: "unprocessable",
    429: "too_many_requests",
    500: "server_error",
    503: "unavailable",
}


def problem_document(
    *,
    status: int,
    code: str | None = None,
    detail: str | None = None,
    errors: dict[str, list[str]] | None = None,
    **extra: Any,
) -> dict[str, Any]:
    """The members of a problem; `detail` defaults to the status's own description."""
    phrase = HTTPStatus(status)
    code = code or CODES.get(status, "error")
    document: dict[str, Any] = {
        "type": f"urn:problem:{code}",
        "title": phrase.phrase,
        "status": status,
        "detail": detail or phrase.description or phrase.phrase,
        "code": code,
        **extra,
    }
    if errors is not None:
        document["errors"] = errors
    elif status == HTTPStatus.BAD_REQUEST:
        document["errors"] = {"nonFieldErrors": [document["detail"]]}
    return document


def of_error(error: DomainError) -> dict[str, Any]:
    return problem_document(
        status=error.status, code=error.code, detail=error.detail, errors=error.errors, **error.extra
    )


def problem_response(
    *, status: int = 500, detail: str | None = None, error: DomainError | None = None
) -> HttpResponse:
    """A problem outside DRF."""
    document = of_error(error) if error else problem_document(status=status, detail=detail)
    body = orjson.dumps(document)
    response = HttpResponse(body, status=document["status"], content_type=PROBLEM_TYPE)
    response["Content-Length"] = str(len(body))  # it may be made where no middleware adds it any more
    if "retryAfter" in document:
        response["Retry-After"] = str(document["retryAfter"])
    return response


def flatten_errors(detail: Any, prefix: str = "") -> dict[str, list[str]]:
    """DRF's nested error detail as `field.path` → messages, in camelCase; `nonFieldErrors` for the whole object's."""
    if isinstance(detail, dict):
        flat: dict[str, list[str]] = {}
        for name, inner in detail.items():
            key = camel(str(name))
            flat.update(flatten_errors(inner, f"{prefix}.{key}" if prefix else key))
        return flat
    if isinstance(detail, list) and any(isinstance(item, dict) for item in detail):
        flat = {}
        for index, inner in enumerate(detail):
            if inner:
                flat.update(flatten_errors(inner, f"{prefix}[{index}]"))
        return flat
    messages = [str(item) for item in detail] if isinstance(detail, list) else [str(detail)]
    return {prefix or "nonFieldErrors": messages}


# What a storage server that is away or too busy raises: the request may be tried again.
UNAVAILABLE = (ConnectionFailure, OperationalError, InterfaceError, RedisError)
RETRY_SECONDS = 5


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response:
    """DRF's exception handler: every exception becomes a problem; unknown ones are logged and told as 500."""
    headers: dict[str, str] = {}
    set_rollback()
    if isinstance(exc, DomainError):
        document = of_error(exc)
        if "retryAfter" in exc.extra:
            headers["Retry-After"] = str(exc.extra["retryAfter"])
        if exc.status == HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = 'Bearer realm="api"'
    elif isinstance(exc, exceptions.ValidationError):
        document = problem_document(
            status=400,
            code="invalid",
            detail="Some fields are not as they should be.",
            errors=flatten_errors(exc.detail),
        )
    elif isinstance(exc, ValidationError):
        document = problem_document(
            status=400,
            detail="Some fields are not as they should be.",
            errors={"nonFieldErrors": list(exc.messages)},
        )
    elif isinstance(exc, exceptions.APIException):
        document = _of_api_exception(exc, headers)
    elif isinstance(exc, Http404):
        document = problem_document(status=404)
    elif isinstance(exc, PermissionDenied):
        document = problem_document(status=403)
    elif isinstance(exc, RequestDataTooBig):
        document = problem_document(status=413)
    elif isinstance(exc, UNAVAILABLE):
        log.error("storage failed in %s", context["request"].path, exc_info=exc)
        document = problem_document(status=503, detail="A part of the service is away; try again soon.")
        headers["Retry-After"] = str(RETRY_SECONDS)
    else:
        log.exception("unhandled error in %s", context["request"].path, exc_info=exc)
        document = problem_document(
            status=500, detail="Something went wrong on our side. It has been logged."
        )
    return Response(document, status=document["status"], headers=headers, content_type=PROBLEM_TYPE)


def _of_api_exception(exc: exceptions.APIException, headers: dict[str, str]) -> dict[str, Any]:
    if getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = exc.auth_header  # type: ignore[attr-defined]
    if getattr(exc, "wait", None):
        headers["Retry-After"] = str(int(exc.wait))  # type: ignore[attr-defined]
    codes = exc.get_codes()
    malformed = isinstance(exc, exceptions.ParseError)
    code = "malformed" if malformed else codes if isinstance(codes, str) else None
    detail = exc.detail if isinstance(exc.detail, str) else None
    return problem_document(
        status=exc.status_code,
        code=code if code and code != "error" else None,
        detail=detail,
    )
