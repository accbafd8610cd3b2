"""Families of refresh tokens: opening, rotating, revoking, and whether one still lives.

MongoDB is the truth. Redis remembers an answer so that a request costs no look-up: a family found alive for
LIVE_SECONDS, a revoked one for as long as its access tokens last. A revocation overwrites what is remembered,
and "alive" is never written over a revocation, so it holds at once; should Redis be away at that moment, it
holds after LIVE_SECONDS at the latest.
"""

import logging
from collections.abc import Iterable
from datetime import datetime
from enum import Enum
from typing import Any

import redis
from bson import ObjectId
from rest_framework_simplejwt.settings import api_settings

from accounts.models import RefreshFamily, User
from common.mongo import collection
from common.redis import client
from common.time import utc_now

log = logging.getLogger(__name__)

REVOKED_CHANNEL = "auth:revoked"
LIVE_SECONDS = 60
LIVE, REVOKED = b"1", b"0"


class Rotation(Enum):
    DONE = "done"
    REUSED = "reused"
    REVOKED = "revoked"


def remembered_as(family_id: ObjectId) -> str:
    return f"auth:family:{family_id}"


def family_open(*, user_id: ObjectId, jti: str, expires_at: datetime) -> ObjectId:
    """A new sign-in whose first refresh token is `jti`; returns its id."""
    family = RefreshFamily.objects.create(user_id=user_id, current_jti=jti, expires_at=expires_at)
    return ObjectId(family.pk)


def family_rotate(*, family_id: ObjectId, jti: str, next_jti: str, expires_at: datetime) -> Rotation:
    """Makes `next_jti` the valid token in place of `jti`, by one conditional write: of two callers one wins.

    A token that is not the present one was used before, by its owner or a thief: the family is revoked.
    """
    families = collection(RefreshFamily)
    rotated = families.update_one(
        {"_id": family_id, "current_jti": jti, "revoked_at": None},
        {"$set": {"current_jti": next_jti, "expires_at": expires_at}},
    )
    if rotated.modified_count:
        return Rotation.DONE
    family = families.find_one({"_id": family_id})
    if family is None or family["current_jti"] == jti:
        return Rotation.REVOKED
    families_revoke([family_id])
    return Rotation.REUSED


def families_revoke(family_ids: Iterable[ObjectId]) -> None:
    """Ends sign-ins: their tokens stop working at once, and sockets are told by `auth:revoked`."""
    ids = list(family_ids)
    if not ids:
        return
    collection(RefreshFamily).update_many(
        {"_id": {"$in": ids}, "revoked_at": None}, {"$set": {"revoked_at": utc_now()}}
    )
    _revocation_remember(ids)


def _revocation_remember(ids: list[ObjectId]) -> None:
    seconds = int(api_settings.ACCESS_TOKEN_LIFETIME.total_seconds()) + LIVE_SECONDS
    try:
        with client().pipeline(transaction=False) as pipe:
            for family_id in ids:
                pipe.set(remembered_as(family_id), REVOKED, ex=seconds)
                pipe.publish(REVOKED_CHANNEL, str(family_id))
            pipe.execute()
    except redis.RedisError:
        log.exception("revoked in MongoDB, but Redis is away: access tokens end within %s s", LIVE_SECONDS)


def user_families_revoke(*, user_id: ObjectId, keep: ObjectId | None = None) -> None:
    """Ends all sign-ins of a user, except the family `keep`.

    Sessions end by themselves with a changed password or an inactive user; their sockets are told to look.
    """
    wanted = {"user_id": user_id, "revoked_at": None, "_id": {"$ne": keep}}
    families_revoke([row["_id"] for row in collection(RefreshFamily).find(wanted, {"_id": 1})])
    try:
        client().publish(REVOKED_CHANNEL, str(user_id))
    except redis.RedisError as error:
        log.warning("sockets of sessions find out by themselves: Redis is away (%s)", error)


def family_is_live(*, family_id: ObjectId, user_id: ObjectId, role: str, remembered: bytes | None) -> bool:
    """Whether tokens of the family may be used: not revoked, and its user still active in that role.

    `remembered` is what Redis holds under `remembered_as(family_id)`.
    """
    if remembered is not None:
        return remembered == LIVE
    live = _stored_as_live(family_id, user_id, role)
    if live:
        try:
            client().set(remembered_as(family_id), LIVE, ex=LIVE_SECONDS, nx=True)
        except redis.RedisError as error:
            log.warning("could not remember a live sign-in: %s", error)
    return live


def family_remembered(family_id: ObjectId) -> bytes | None:
    """What Redis remembers of the family; None when it is away."""
    try:
        found: Any = client().get(remembered_as(family_id))
    except redis.RedisError as error:
        log.warning("Redis is away, asking MongoDB whether a sign-in lives: %s", error)
        return None
    return bytes(found) if found is not None else None


def _stored_as_live(family_id: ObjectId, user_id: ObjectId, role: str) -> bool:
    family = collection(RefreshFamily).find_one({"_id": family_id, "user_id": user_id, "revoked_at": None})
    if family is None:
        return False
    return (
        collection(User).find_one({"_id": user_id, "is_active": True, "role": role}, {"_id": 1}) is not None
    )
