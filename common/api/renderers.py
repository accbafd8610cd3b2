"""JSON out: snake_case inside, camelCase outside, times as ISO 8601 UTC with `Z`, by orjson."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
from bson import ObjectId
from rest_framework.renderers import BaseRenderer

from common.api.problems import CONTENT_TYPE, camel
from common.time import iso

_camel_names: dict[str, str] = {}


def camel_name(name: str) -> str:
    """`camel`, remembered: field names are few and asked for often. Ids used as keys pass unchanged."""
    known = _camel_names.get(name)
    if known is None:
        known = camel(name) if "_" in name else name
        if len(_camel_names) < 10_000:
            _camel_names[name] = known
    return known


def camelize(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {camel_name(str(key)): camelize(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [camelize(item) for item in data]
    return data


def json_default(value: Any) -> Any:
    if isinstance(value, ObjectId):
        return str(value)
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime):
        return iso(value)
    return str(value)


def dumps(data: Any) -> bytes:
    return orjson.dumps(data, default=json_default, option=orjson.OPT_PASSTHROUGH_DATETIME)


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
        if response is not None and response.content_type == CONTENT_TYPE:
            return orjson.dumps(data)
        return dumps(camelize(data))
