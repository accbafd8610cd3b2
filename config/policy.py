"""Content policies: of pages, of the API, and of the admin, whose scripts and styles are not the project's own."""

from collections.abc import Callable

from csp.constants import HEADER, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware
from django.http import HttpRequest, HttpResponseBase

from common.json import PROBLEM_TYPE

JSON_TYPES = ("application/json", PROBLEM_TYPE)
NOTHING = "default-src 'none'; frame-ancestors 'none'"


class PolicyMiddleware(CSPMiddleware):
    """django-csp's, for pages. The API's JSON may load nothing at all, which needs no policy made anew each time."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.headers.get("Content-Type") in JSON_TYPES:
            response.headers.setdefault(HEADER, NOTHING)
            return response
        return super().process_response(request, response)


class AdminPolicyMiddleware:
    """Under /admin/: Alpine evaluates expressions, and widgets set styles. Inline scripts stay forbidden."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.path_info.startswith("/admin/"):
            response._csp_update = {"script-src": [UNSAFE_EVAL], "style-src": [UNSAFE_INLINE]}  # type: ignore[attr-defined]
        return response
