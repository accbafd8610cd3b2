"""JSON out: snake_case inside, camelCase outside, times as ISO 8601 UTC with `Z`, by orjson."""

from collections.abc import Mapping
from typing import Any

import orjson
from rest_framework.renderers import BaseRenderer

from common.json import PROBLEM_TYPE, camelize, dumps


class CamelCaseRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Bytes of `data`; problem documents are in their final shape already. None: an empty body (204)."""
        if data is None:
            return b""
        response = (renderer_context or {}).get("response")
        if response is not None and response.content_type == PROBLEM_TYPE:
            return orjson.dumps(data)
        return dumps(camelize(data))
