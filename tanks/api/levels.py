"""A tank's level history: pages by a time cursor, raw or summed up by intervals."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from common.api.fields import parse_instant
from common.errors import DomainError
from common.mongo import Document
from tanks import readings
from tanks.exports import CSV, TYPES
from tanks.intervals import LENGTHS, interval_start, summarise
from tanks.readings import to_ms

RAW = "raw"
DEFAULT_LIMIT, MAX_LIMIT = 100, 1_000
CURSOR = re.compile(r"^([0-9]{1,14})-([0-9]{1,5})$")


@dataclass(frozen=True)
class LevelsQuery:
    """Readings from `start` (inclusive) and before `before`, a time in ms with a device slot (both exclusive)."""

    start: datetime | None
    before: tuple[int, int] | None
    interval: str
    limit: int


def parse_levels_query(params: Mapping[str, str]) -> LevelsQuery:
    """The query of the address. Raises DomainError `invalid` (400) that names each bad parameter."""
    errors: dict[str, list[str]] = {}
    start = _instant(params, "from", errors)
    end = _instant(params, "to", errors)
    interval = params.get("interval", RAW)
    if interval != RAW and interval not in LENGTHS:
        errors["interval"] = [f"Give one of {', '.join([RAW, *LENGTHS])}."]
    limit = params.get("limit", str(DEFAULT_LIMIT))
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:9]) <= MAX_LIMIT):
        errors["limit"] = [f"Give a whole number from 1 to {MAX_LIMIT}."]
    before = (to_ms(end), 0) if end else None
    if "cursor" in params:
        cursor = _cursor(params["cursor"])
        if cursor is None:
            errors["cursor"] = ["Give the cursor of an answer's `next`."]
        else:
            before = min(cursor, before or cursor)
    if errors:
        raise DomainError("invalid", "Some parameters are not as they should be.", status=400, errors=errors)
    return LevelsQuery(start, before, interval, int(limit))


def parse_export_query(params: Mapping[str, str]) -> tuple[str, datetime | None, tuple[int, int] | None]:
    """Form of the file, and the range as in `LevelsQuery`. Raises DomainError `invalid` (400)."""
    errors: dict[str, list[str]] = {}
    start, end = _instant(params, "from", errors), _instant(params, "to", errors)
    form = params.get("format", CSV)
    if form not in TYPES:
        errors["format"] = [f"Give one of {', '.join(TYPES)}."]
    if errors:
        raise DomainError("invalid", "Some parameters are not as they should be.", status=400, errors=errors)
    return form, start, (to_ms(end), 0) if end else None


def _instant(params: Mapping[str, str], name: str, errors: dict[str, list[str]]) -> datetime | None:
    if name not in params:
        return None
    # A plus sign that was not escaped arrives as a blank.
    at = parse_instant(params[name].replace(" ", "+"))
    if at is None:
        errors[name] = ["Give a time as ISO 8601, such as 2026-05-01T12:00:00.000Z."]
    return at


def _cursor(text: str) -> tuple[int, int] | None:
    """The cursor, given alone or as the whole address that `next` is."""
    if "cursor=" in text:
        text = parse_qs(urlsplit(text).query).get("cursor", [""])[0]
    match = CURSOR.fullmatch(text)
    if not match:
        return None
    return int(match[1]), min(int(match[2]), 2**16 - 1)


def levels_page(*, series: int, query: LevelsQuery, address: str) -> dict[str, Any]:
    """One page, newest first, and the address of the next one (None at the end)."""
    page, cursor = _raw(series, query) if query.interval == RAW else _summed(series, query)
    return {"results": page, "next": _next(address, cursor) if cursor else None}


def _next(address: str, cursor: tuple[int, int]) -> str:
    parts = urlsplit(address)
    params = {name: values[0] for name, values in parse_qs(parts.query).items()}
    params["cursor"] = f"{cursor[0]}-{cursor[1]}"
    return parts._replace(query=urlencode(params)).geturl()


def _raw(series: int, query: LevelsQuery) -> tuple[list[Document], tuple[int, int] | None]:
    limit = query.limit
    found = readings.newest_documents(series, start=query.start, before=query.before, limit=limit + 1)
    cursor = readings.place_of(found[limit - 1]) if len(found) > limit else None
    return readings.payloads(found[:limit]), cursor


def _summed(series: int, query: LevelsQuery) -> tuple[list[Document], tuple[int, int] | None]:
    """At most `limit` intervals of the time axis are read for a page, so a page may hold fewer where readings lack."""
    length = LENGTHS[query.interval]
    newest = readings.newest(series, start=query.start, before=query.before, limit=1)
    if not newest:
        return [], None
    first = interval_start(newest[0].timestamp, length) - (query.limit - 1) * length
    start = max(first, query.start) if query.start else first
    rows = readings.oldest_documents(series, start=start, before=query.before)
    page = [summary.payload() for summary in summarise(rows, length)][::-1]
    older = readings.newest(series, start=query.start, before=(to_ms(start), 0), limit=1)
    return page, (to_ms(start), 0) if older else None
