"""Sending webhooks: claimed by a conditional update, called once, settled; the one place that retries.

At least once: a worker that dies between the call and its record is followed by another after `rules.CLAIM`. The
message's id stays the same over all tries, by which receivers recognise a repetition.
"""

import logging
from datetime import UTC, datetime
from typing import Any

import httpcore
from bson import ObjectId
from pymongo import ReturnDocument
from standardwebhooks import Webhook

from common.mongo import collection
from common.time import utc_now
from notifications.models import Type, WebhookDelivery, WebhookEndpoint
from notifications.services import notify
from notifications.webhooks import rules
from notifications.webhooks.http import CallRefusedError, post

log = logging.getLogger(__name__)
BATCH = 500
ERROR_LENGTH = 300
GONE = 410
State = WebhookDelivery.State


def due_ids(*, limit: int = BATCH) -> list[ObjectId]:
    """The deliveries whose time has come, longest waiting first."""
    wanted = {"state": State.PENDING.value, "next_at": {"$lte": utc_now()}}
    rows = collection(WebhookDelivery).find(wanted, {"_id": 1}).sort("next_at", 1).limit(limit)
    return [row["_id"] for row in rows]


def webhook_dispatch(*, delivery_id: ObjectId) -> datetime | None:
    """Call once, if it is due and nobody else does. Returns when it is to be tried again, if at all."""
    now = utc_now()
    delivery = collection(WebhookDelivery).find_one_and_update(
        {"_id": delivery_id, "state": State.PENDING.value, "next_at": {"$lte": now}},
        {"$set": {"next_at": now + rules.CLAIM}, "$inc": {"attempts": 1}},
        return_document=ReturnDocument.AFTER,
    )
    if delivery is None:
        return None
    endpoint = collection(WebhookEndpoint).find_one({"_id": delivery["endpoint_id"]})
    if endpoint is None or not endpoint["active"]:
        _settle(delivery_id, state=State.FAILED.value, next_at=None, error="the webhook is switched off")
        return None
    status, error = _call(endpoint, delivery, now)
    if status is not None and 200 <= status < 300:
        _settle(
            delivery_id,
            state=State.DELIVERED.value,
            next_at=None,
            status_code=status,
            error="",
            delivered_at=utc_now(),
        )
        if endpoint["failing_since"]:
            collection(WebhookEndpoint).update_one(
                {"_id": endpoint["_id"]}, {"$set": {"failing_since": None, "updated_at": utc_now()}}
            )
        return None
    again = None if status == GONE else rules.retry_at(now, attempts=delivery["attempts"])
    state = State.PENDING if again else State.FAILED
    _settle(delivery_id, state=state.value, next_at=again, status_code=status, error=error)
    _endpoint_failed(endpoint, status=status, error=error)
    return again


def _call(endpoint: dict[str, Any], delivery: dict[str, Any], now: datetime) -> tuple[int | None, str]:
    """The answer's status (None: no answer) and what was wrong."""
    body = delivery["body"]
    signature = Webhook(endpoint["secret"]).sign(delivery["message_id"], now, body)
    headers = {
        "content-type": "application/json",
        "user-agent": "water-tanks-webhooks/1",
        "webhook-id": delivery["message_id"],
        "webhook-timestamp": str(int(now.astimezone(UTC).timestamp())),
        "webhook-signature": signature,
    }
    try:
        status, text = post(url=endpoint["url"], body=body.encode(), headers=headers)
    except CallRefusedError as error:
        return None, str(error)
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
        return None, f"{type(error).__name__}: {error}"
    return status, f"answered {status}: {text}" if status >= 300 else ""


def _settle(delivery_id: ObjectId, **changes: Any) -> None:
    changes["error"] = changes.get("error", "")[:ERROR_LENGTH].replace("\0", "")
    collection(WebhookDelivery).update_one(
        {"_id": delivery_id}, {"$set": {**changes, "updated_at": utc_now()}}
    )


def _endpoint_failed(endpoint: dict[str, Any], *, status: int | None, error: str) -> None:
    """Remember since when nothing works; switch the endpoint off when that is too long, or it says it is gone."""
    now = utc_now()
    since = endpoint["failing_since"]
    if since is None:
        collection(WebhookEndpoint).update_one(
            {"_id": endpoint["_id"], "failing_since": None},
            {"$set": {"failing_since": now, "updated_at": now}},
        )
    if status != GONE and (since is None or now - since < rules.DISABLE_AFTER):
        return
    reason = "it answered 410 Gone" if status == GONE else f"nothing arrived since {since:%Y-%m-%d}: {error}"
    switched = collection(WebhookEndpoint).update_one(
        {"_id": endpoint["_id"], "active": True},
        {"$set": {"active": False, "disabled_reason": reason[:200], "updated_at": now}},
    )
    if switched.modified_count:
        log.warning("webhook %s switched off: %s", endpoint["_id"], reason)
        notify(
            user_id=endpoint["user_id"],
            type=Type.SYSTEM,
            message=f"Your webhook {endpoint['url']} was switched off: {reason[:200]}.",
            key=f"webhook:{endpoint['_id']}:off",
            related_model="system",
        )
