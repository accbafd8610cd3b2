"""Everything the product holds about a person, as one JSON document."""

from collections.abc import Iterator

from bson import ObjectId

from accounts import personal_data
from common.json import camelize, dumps
from common.time import utc_now


def export_json(*, user_id: ObjectId) -> Iterator[bytes]:
    """`{"exportedAt": …, "<holder>": [item…], …}` piece by piece: readings may be too many for the memory."""
    yield b'{"exportedAt":' + dumps(utc_now())
    for holder in personal_data.holders():
        yield b"," + dumps(holder.name) + b":["
        for index, item in enumerate(holder.export(user_id)):
            yield (b"," if index else b"") + dumps(camelize(item))
        yield b"]"
    yield b"}"
