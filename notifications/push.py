"""The phones and browsers that take a user's pushes."""

import hashlib
from typing import Any

from bson import ObjectId

from common.errors import DomainError, NotFoundError
from common.mongo import collection
from common.time import utc_now
from notifications.models import PushSubscription

DEVICES_EACH = 20


def _id_of(user_id: ObjectId, endpoint: str) -> ObjectId:
    # By its own nature: of several posts at once, one row comes.
    return ObjectId(hashlib.sha256(user_id.binary + endpoint.encode()).digest()[:12])


def push_subscribe(
    *, user_id: ObjectId, kind: str, endpoint: str, keys: dict[str, Any] | None = None
) -> PushSubscription:
    """Adds a device, or changes its keys. Raises DomainError `too_many_devices` (409)."""
    this, now = _id_of(user_id, endpoint), utc_now()
    others = collection(PushSubscription).count_documents({"user_id": user_id, "_id": {"$ne": this}})
    if others >= DEVICES_EACH:
        raise DomainError("too_many_devices", f"At most {DEVICES_EACH} devices a user; remove one first.")
    collection(PushSubscription).update_one(
        {"_id": this},
        {
            "$set": {"kind": kind, "keys": keys, "updated_at": now},
            "$setOnInsert": {"user_id": user_id, "endpoint": endpoint, "created_at": now},
        },
        upsert=True,
    )
    subscription: PushSubscription = PushSubscription.objects.get(pk=this)
    return subscription


def push_unsubscribe(*, user_id: ObjectId, endpoint: str) -> None:
    """Removes a device. Raises NotFoundError when it is not one of the user's."""
    removed = collection(PushSubscription).delete_many({"user_id": user_id, "endpoint": endpoint})
    if not removed.deleted_count:
        raise NotFoundError("device")
