"""JSON in: camelCase outside, snake_case inside; anything malformed, too large or too deep is a clear 4xx."""

import re
from collections.abc import Mapping
from typing import Any

import orjson
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

MAX_DEPTH = 32
_HUMP = re.compile(r"(?<=[a-z0-9])([A-Z])")


def snake(name: str) -> str:
    return _HUMP.sub(lambda hump: "_" + hump.group(1).lower(), name)


def underscored(data: Any, depth: int = 0) -> Any:
    """`data` with snake_case names. Raises ParseError when it is nested too deeply."""
    if depth > MAX_DEPTH:
        raise ParseError("The body is nested too deeply.")
    if isinstance(data, dict):
        return {snake(key): underscored(value, depth + 1) for key, value in data.items()}
    if isinstance(data, list):
        return [underscored(item, depth + 1) for item in data]
    return data


class CamelCaseParser(BaseParser):
    """Refuses NaN, infinities and duplicate encodings as orjson does."""

    media_type = "application/json"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        body = stream.read(settings.MAX_BODY_BYTES + 1)
        if len(body) > settings.MAX_BODY_BYTES:
            raise RequestDataTooBig
        try:
            return underscored(orjson.loads(body))
        except orjson.JSONDecodeError as error:
            raise ParseError(f"The body is not valid JSON: {error}.") from error
