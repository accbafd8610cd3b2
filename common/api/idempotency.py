"""`Idempotency-Key`: a request repeated with the same key gets the first answer again, and does nothing twice.

The record of a key is claimed by one insert before the work starts, and holds the answer after it. Of requests at
once, one works and the others wait for its answer; a refusal frees the key. Should the worker die, its claim runs
out after LEASE and the next takes it over with the same `idempotent_id`: a service that uses this as the id of what
it makes finds that it was made already.
"""

import hashlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

import orjson
from bson import Binary, ObjectId
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from common.errors import DomainError
from common.mongo import Document, database
from common.time import utc_now

HEADER = "Idempotency-Key"
MAX_LENGTH = 255
KEY_SHAPE = "^[!-~]([ -~]*[!-~])?$"  # printable ASCII; white space around a header's value is not of it
LEASE = timedelta(seconds=60)
WAIT_SECONDS = 5.0
POLL_SECONDS = 0.05
KEPT_HEADERS = ("Content-Type", "Location", "ETag", "Retry-After")

Handler = Callable[..., HttpResponseBase]


@dataclass(frozen=True)
class Claim:
    """The right to do the work of a key, until `lease`."""

    key: bytes
    lease: datetime
    idempotent_id: ObjectId


def records() -> Collection[Document]:
    return database()["idempotency_keys"]


def idempotent(handler: Handler) -> Handler:
    """For methods of API views: honours the header. Within, `request.idempotent_id` is an ObjectId to use, or None."""

    @wraps(handler)
    def answer(view: Any, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        name = request.headers.get(HEADER)
        request.idempotent_id = None  # type: ignore[attr-defined]
        if name is None:
            return handler(view, request, *args, **kwargs)
        if len(name) > MAX_LENGTH or not re.fullmatch(KEY_SHAPE, name):
            raise ValidationError({HEADER: [f"Give 1 to {MAX_LENGTH} printable ASCII characters."]})
        key = _digest(str(request.user.pk), request.method, request.path, name)
        claimed = _claim(key, _digest(orjson.dumps(request.data, option=orjson.OPT_SORT_KEYS)))
        if isinstance(claimed, HttpResponse):
            return claimed
        request.idempotent_id = claimed.idempotent_id  # type: ignore[attr-defined]
        try:
            response = handler(view, request, *args, **kwargs)
        except Exception as error:  # noqa: BLE001  after every failure the key is free again
            response = view.handle_exception(error)
        if isinstance(response, Response):
            response.add_post_render_callback(lambda rendered: _keep(claimed, rendered))
        else:
            _keep(claimed, response)
        return response

    answer.takes_idempotency_key = True  # type: ignore[attr-defined]
    return answer


def _digest(*parts: str | bytes | None) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode()
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.digest()


def _claim(key: bytes, body: bytes) -> Claim | HttpResponse:
    """The claim, or the answer that is there already.

    Raises DomainError: 422 `idempotency_key_reused`, 409 `idempotency_in_progress` when the first takes too long.
    """
    give_up_at = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < give_up_at:
        now = utc_now()
        claim = Claim(key, now + LEASE, ObjectId())
        try:
            records().insert_one(
                {
                    "_id": Binary(key),
                    "body": Binary(body),
                    "lease": claim.lease,
                    "idempotent_id": claim.idempotent_id,
                    "created_at": now,
                }
            )
        except DuplicateKeyError:
            found = _of_another(key, body, now)
            if found is not None:
                return found
            time.sleep(POLL_SECONDS)
        else:
            return claim
    raise DomainError(
        "idempotency_in_progress", "The first request with this key is still at work.", retryAfter=1
    )


def _of_another(key: bytes, body: bytes, now: datetime) -> Claim | HttpResponse | None:
    """The answer another request left, its claim if it died, or None: it is still at work, or just failed."""
    record = records().find_one({"_id": Binary(key)})
    if record is None:
        return None
    if record["body"] != body:
        raise DomainError(
            "idempotency_key_reused", "This key came with another body before; use a new one.", status=422
        )
    if "status" in record:
        headers = {**record["headers"], "Idempotent-Replayed": "true"}
        return HttpResponse(record["content"], status=record["status"], headers=headers)
    if record["lease"] >= now:
        return None
    claim = Claim(key, now + LEASE, record["idempotent_id"])
    taken = records().update_one(
        {"_id": Binary(key), "lease": record["lease"], "status": None}, {"$set": {"lease": claim.lease}}
    )
    return claim if taken.modified_count else None


def _keep(claim: Claim, response: Any) -> None:
    own = {"_id": Binary(claim.key), "lease": claim.lease}
    if response.status_code >= 400:  # nothing was done, so asking again does nothing twice, and may do better
        records().delete_one(own)
        return
    answer = {
        "status": response.status_code,
        "content": Binary(response.content),
        "headers": {name: response[name] for name in KEPT_HEADERS if name in response},
    }
    records().update_one(own, {"$set": answer})
