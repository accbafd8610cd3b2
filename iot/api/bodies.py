"""Bodies as they came: a decoder reads them, and says for each item what is wrong with it."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework.parsers import BaseParser
from rest_framework.request import Request


class RawJsonParser(BaseParser):
    """`request.data` is the body as Latin-1 text, one character a byte, so that it can be compared as JSON can."""

    media_type = "application/json"

    def parse(  # type: ignore[override]
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> str:
        body: bytes = stream.read(settings.MAX_BODY_BYTES + 1)
        if len(body) > settings.MAX_BODY_BYTES:
            raise RequestDataTooBig
        return body.decode("latin-1")


def body_of(request: Request) -> bytes:
    """The bytes that `RawJsonParser` read; empty when there was no body."""
    data = request.data
    return data.encode("latin-1") if isinstance(data, str) else b""
