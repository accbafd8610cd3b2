"""Where a socket stands in the streams it follows: the `id` of its events. Pure.

A cursor has one stream id (`1700000000000-0`) for each stream that the socket's audiences are in, joined by
dots: one for most people; two for an administrator, who follows a stream of their own and that of all.
"""

import re
from collections.abc import Sequence

from common.live import KEEP_MS

StreamId = tuple[int, int]
Cursor = tuple[StreamId, ...]

START: StreamId = (0, 0)
_TEXT = re.compile(r"(\d{1,15})-(\d{1,15})")


def parse_id(text: str) -> StreamId | None:
    match = _TEXT.fullmatch(text) if text.isascii() else None
    return (int(match[1]), int(match[2])) if match else None


def parse_cursor(text: object, *, streams: int) -> Cursor | None:
    """The cursor that a client gave back; None if it is not one for that many streams."""
    if not isinstance(text, str) or len(text) > 80:
        return None
    parts = [parse_id(part) for part in text.split(".")]
    found = tuple(part for part in parts if part is not None)
    return found if len(found) == len(parts) == streams else None


def format_id(stream_id: StreamId) -> str:
    return f"{stream_id[0]}-{stream_id[1]}"


def format_cursor(ids: Sequence[StreamId]) -> str:
    return ".".join(map(format_id, ids))


def is_kept(cursor: Cursor, *, now_ms: int, newest: Cursor) -> bool:
    """Whether everything after the cursor is still to be had, and it is not ahead of what there is.

    Its newest part tells its age: the others are as old as the last event of their stream.
    """
    behind = all(part <= limit for part, limit in zip(cursor, newest, strict=True))
    return behind and max(cursor)[0] > now_ms - KEEP_MS
