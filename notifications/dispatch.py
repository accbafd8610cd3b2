"""Sending notifications by their channels: claimed, tried, settled; the one place that retries.

A sending is claimed by a conditional update that counts the attempt and puts the next one off by `rules.CLAIM`,
so that of any number of workers one sends. A worker that dies after the claim is followed by another after that
time: a message goes out at least once, twice only when a worker dies between the provider's yes and its own
record of it, and never more often than `rules.RETRY_WAITS` has entries plus one.
"""

import logging
from datetime import datetime
from importlib import import_module
from typing import Any

from bson import ObjectId
from pymongo import ReturnDocument

from accounts.models import User
from common.mongo import collection
from common.time import utc_now
from notifications import rules
from notifications.models import Notification
from notifications.selectors import quiet_of, wanted_channels
from notifications.transports import TRANSPORTS, TransportError

log = logging.getLogger(__name__)
BATCH = 500
ERROR_LENGTH = 300


def notification_dispatch(*, notification_id: ObjectId) -> None:
    """Send one notification by every channel that is due."""
    notification = Notification.objects.filter(pk=notification_id).first()
    if notification is None:
        return
    user = User.objects.filter(pk=notification.user_id, is_active=True).first()
    for delivery in notification.deliveries:
        if delivery.state == "pending" and delivery.next_at <= utc_now():
            _deliver(notification, user, delivery.channel)


def due_ids(*, limit: int = BATCH) -> list[ObjectId]:
    """The notifications with something due, longest waiting first."""
    rows = (
        collection(Notification)
        .find({"pending": True, "next_at": {"$lte": utc_now()}}, {"_id": 1})
        .sort([("pending", 1), ("next_at", 1)])
        .limit(limit)
    )
    return [row["_id"] for row in rows]


def _deliver(notification: Notification, user: User | None, channel: str) -> None:
    """Claim one channel's sending, try it, and record how it went."""
    now = utc_now()
    if user is None or channel not in wanted_channels(user):
        _settle(notification.pk, channel, state="failed", error="no longer wanted")
        return
    at = rules.send_at(now, quiet_of(user), urgent=notification.urgent)
    if at > now:  # quiet hours since it was queued
        _settle(notification.pk, channel, next_at=at)
        return
    attempts = _claim(notification.pk, channel, now)
    if attempts is None:
        return
    module, _, name = TRANSPORTS[channel].rpartition(".")
    try:
        getattr(import_module(module), name)(notification=notification, user=user)
    except TransportError as error:
        log.warning("notification %s by %s, attempt %d: %s", notification.pk, channel, attempts, error)
        again = None if error.permanent else rules.retry_at(now, attempts=attempts)
        if again is None:
            _settle(notification.pk, channel, state="failed", error=str(error))
        else:
            _settle(notification.pk, channel, next_at=again, error=str(error))
    else:
        _settle(notification.pk, channel, state="sent")


def _claim(pk: ObjectId, channel: str, now: datetime) -> int | None:
    """Take the sending: the number of this attempt, or None when another has it or it is used up."""
    due = {"channel": channel, "state": "pending", "next_at": {"$lte": now}}
    claimed = collection(Notification).find_one_and_update(
        {"_id": pk, "deliveries": {"$elemMatch": due}},
        {"$set": {"deliveries.$.next_at": now + rules.CLAIM}, "$inc": {"deliveries.$.attempts": 1}},
        {"deliveries": 1},
        return_document=ReturnDocument.AFTER,
    )
    if claimed is None:
        return None
    attempts = next(row["attempts"] for row in claimed["deliveries"] if row["channel"] == channel)
    if attempts > len(rules.RETRY_WAITS) + 1:
        _settle(pk, channel, state="failed", error="given up: every attempt was broken off")
        return None
    return int(attempts)


def _settle(
    pk: ObjectId, channel: str, *, state: str = "pending", next_at: datetime | None = None, error: str = ""
) -> None:
    """Record one channel's state and what is still to do of the whole, in one write."""
    changed: dict[str, Any] = {"state": state, "error": error[:ERROR_LENGTH]}
    if next_at is not None:
        changed["next_at"] = next_at
    mine = {
        "$and": [{"$eq": ["$$row.channel", channel]}, {"$eq": ["$$row.state", "pending"]}],
    }
    literal = {name: {"$literal": value} for name, value in changed.items()}
    steps: list[dict[str, Any]] = [
        {
            "$set": {
                "updated_at": "$$NOW",
                "deliveries": {
                    "$map": {
                        "input": "$deliveries",
                        "as": "row",
                        "in": {"$cond": [mine, {"$mergeObjects": ["$$row", literal]}, "$$row"]},
                    }
                },
            }
        },
        {
            "$set": {
                "_todo": {"$filter": {"input": "$deliveries", "cond": {"$eq": ["$$this.state", "pending"]}}}
            }
        },
        {
            "$set": {
                "pending": {"$gt": [{"$size": "$_todo"}, 0]},
                "next_at": {"$min": "$_todo.next_at"},
            }
        },
        {"$unset": "_todo"},
    ]
    if state == "sent":
        steps[0]["$set"]["sent_via"] = {"$setUnion": ["$sent_via", [channel]]}
    collection(Notification).update_one({"_id": pk}, steps)
