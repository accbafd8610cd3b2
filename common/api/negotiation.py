"""Whatever a client says it accepts, the API speaks JSON: better an answer than 406 (RFC 9110, 12.5.1)."""

from typing import Any

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request


class JsonAlways(BaseContentNegotiation):
    def select_parser(self, request: Request, parsers: Any) -> Any:
        """The parser for the body's type; None (415) for a type that none reads."""
        return next((parser for parser in parsers if parser.media_type == _media_type(request)), None)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


def _media_type(request: Request) -> str:
    return (request.content_type or "").partition(";")[0].strip().lower()
