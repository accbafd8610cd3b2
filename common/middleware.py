"""Around every request: its id, and failures outside DRF told as problem documents or plain pages."""

import logging
import os
import re
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.http.multipartparser import MultiPartParserError

from common.api.problems import problem_response
from common.errors import DomainError
from common.logging import request_id

GetResponse = Callable[[HttpRequest], HttpResponseBase]
log = logging.getLogger(__name__)
DETAILS = {400: "The request is not for this host, or its address or headers are malformed."}
WANTED_ID = re.compile(r"[\w.:/+=-]{1,128}")


class RequestIdMiddleware:
    """Echoes a sane `X-Request-ID`, else makes one."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        wanted = request.META.get("HTTP_X_REQUEST_ID", "")
        this_id = wanted if WANTED_ID.fullmatch(wanted) else os.urandom(16).hex()
        token = request_id.set(this_id)
        try:
            response = self.get_response(request)
        finally:
            request_id.reset(token)
        response["X-Request-ID"] = this_id
        return response


def is_api(request: HttpRequest) -> bool:
    return f"{request.path_info}/".startswith(settings.API_PATHS)


class ProblemMiddleware:
    """Under /api/, what Django itself refuses (404 of unknown paths, bad hosts, 500) is a problem document too."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if not is_api(request):
            return response
        if response.status_code >= 400 and response.headers.get("Content-Type", "").startswith("text/html"):
            allowed = response.headers.get("Allow")
            response = problem_response(status=response.status_code, detail=DETAILS.get(response.status_code))
            if allowed:
                response["Allow"] = allowed
        # Everything here is somebody's own: a view that wants it kept says so itself.
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Exceptions of views outside DRF; DRF's own go through `common.api.problems.exception_handler`."""
        if not is_api(request):
            return None
        if isinstance(exception, DomainError):
            return problem_response(error=exception)
        if isinstance(exception, RequestDataTooBig):
            return problem_response(status=413)
        if isinstance(exception, MultiPartParserError):
            return problem_response(status=400, detail="The upload could not be read.")
        return None
