"""Endpoints and what is sent to them."""

import base64
import secrets
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from bson import ObjectId
from django.conf import settings
from pymongo.errors import BulkWriteError

from common.errors import DomainError, NotFoundError
from common.json import camelize, dumps
from common.mongo import collection
from common.queue import enqueue
from common.time import utc_now
from notifications.models import WebhookDelivery, WebhookEndpoint
from notifications.tasks import webhook_send
from notifications.webhooks import rules

SECRET_BYTES = 32
ENDPOINTS_EACH = 20
DUPLICATE_KEY = 11_000


def endpoint_create(
    *, user_id: ObjectId, url: str, events: list[str], description: str = ""
) -> WebhookEndpoint:
    """A new endpoint; its `secret` is to be shown this once. Raises DomainError (400 url, 409 too many)."""
    parts = rules.split_url(url)
    if parts is None:
        raise _bad_url("Give an http or https address without credentials.")
    if not settings.WEBHOOKS_ALLOW_PRIVATE and rules.host_is_plainly_private(parts.hostname or ""):
        raise _bad_url("Give an address on the public internet.")
    if collection(WebhookEndpoint).count_documents({"user_id": user_id}) >= ENDPOINTS_EACH:
        raise DomainError("too_many_webhooks", f"At most {ENDPOINTS_EACH} webhooks a user; delete one first.")
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
    created: WebhookEndpoint = WebhookEndpoint.objects.create(
        user_id=user_id, url=url, events=sorted(set(events)), description=description, secret=secret
    )
    return created


def _bad_url(message: str) -> DomainError:
    return DomainError(
        "invalid", "Some fields are not as they should be.", status=400, errors={"url": [message]}
    )


def endpoint_get_for(*, user_id: ObjectId, endpoint_id: ObjectId) -> WebhookEndpoint:
    """The user's own endpoint. Raises NotFoundError."""
    endpoint: WebhookEndpoint | None = WebhookEndpoint.objects.filter(pk=endpoint_id, user_id=user_id).first()
    if endpoint is None:
        raise NotFoundError("webhook")
    return endpoint


def endpoint_delete(*, endpoint: WebhookEndpoint) -> None:
    """Removes the endpoint and its log; a sending under way is its last."""
    collection(WebhookEndpoint).delete_one({"_id": endpoint.pk})
    collection(WebhookDelivery).delete_many({"endpoint_id": endpoint.pk})


def webhook_emit(*, user_ids: Iterable[ObjectId], type: str, data: Mapping[str, Any], key: str) -> int:
    """Queue a message to every endpoint of these users that wants this type; returns how many were new.

    `type` is one of `notifications.models.WebhookEvent`, `data` what the API would show of the thing, `key` makes
    the call idempotent. Nothing is sent here: a lost queue is made good by the periodic sweep.
    """
    wanted = {"user_id": {"$in": list(user_ids)}, "active": True, "events": type}
    endpoints = [row["_id"] for row in collection(WebhookEndpoint).find(wanted, {"_id": 1})]
    if not endpoints:
        return 0
    now = utc_now()
    body = dumps({"type": type, "timestamp": now, "data": camelize(data)}).decode()
    rows = [
        {
            "_id": ObjectId(),
            "endpoint_id": endpoint_id,
            "key": f"{endpoint_id}:{key}",
            "type": type,
            "message_id": f"msg_{uuid.uuid4().hex}",
            "body": body,
            "state": WebhookDelivery.State.PENDING.value,
            "attempts": 0,
            "next_at": now,
            "status_code": None,
            "error": "",
            "delivered_at": None,
            "created_at": now,
            "updated_at": now,
        }
        for endpoint_id in endpoints
    ]
    new = {row["_id"] for row in rows} - _insert_known(rows)
    for row_id in new:
        enqueue(webhook_send, str(row_id))
    return len(new)


def _insert_known(rows: list[dict[str, Any]]) -> set[ObjectId]:
    """Insert the rows; the ids of those whose key was there before."""
    try:
        collection(WebhookDelivery).insert_many(rows, ordered=False)
    except BulkWriteError as error:
        problems = (error.details or {}).get("writeErrors", [])
        if any(problem["code"] != DUPLICATE_KEY for problem in problems):
            raise
        return {rows[problem["index"]]["_id"] for problem in problems}
    return set()
