"""JSON as the product speaks it: camelCase names, ids as text, times in ISO 8601 UTC. Knows no framework."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
from bson import Decimal128, ObjectId

from common.time import iso

PROBLEM_TYPE = "application/problem+json"
PLAIN = frozenset((str, int, float, bool, type(None), datetime, ObjectId))
_camel_names: dict[str, str] = {}


def camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)


def camel_name(name: str) -> str:
    """`camel`, remembered: field names are few and asked for often. Ids used as keys pass unchanged."""
    known = _camel_names.get(name)
    if known is None:
        known = camel(name) if "_" in name else name
        if len(_camel_names) < 10_000:
            _camel_names[name] = known
    return known


def camelize(data: Any) -> Any:
    if type(data) in PLAIN:  # most values are; asking for abstract types is slow
        return data
    if isinstance(data, Mapping):
        return {camel_name(str(key)): camelize(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [camelize(item) for item in data]
    return data


def _number(value: Decimal) -> orjson.Fragment:
    """A number with all its decimals: 24.00 is written so, and was never a float."""
    return orjson.Fragment(format(value, "f"))


_WRITERS: dict[type, Callable[[Any], Any]] = {
    ObjectId: str,
    datetime: iso,
    Decimal: _number,
    Decimal128: lambda value: _number(value.to_decimal()),
}


def json_default(value: Any) -> Any:
    """What orjson is given in place of a value that it does not know."""
    return _WRITERS.get(type(value), str)(value)


def dumps(data: Any) -> bytes:
    return orjson.dumps(data, default=json_default, option=orjson.OPT_PASSTHROUGH_DATETIME)
