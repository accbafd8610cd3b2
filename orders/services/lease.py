"""One placing at a time on a tank: what is free is read and taken under a short lease."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from bson import ObjectId
from pymongo import ReturnDocument

from common.errors import DomainError, NotFoundError
from common.mongo import Document, collection
from tanks.models import Tank

LEASE_SECONDS = 10
SAFE_SECONDS = 5  # a holder that took longer must not write any more: its lease may be another's soon
POLL_SECONDS = 0.05
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Lease:
    """The tank's document as it was when the lease began, and whether there is still time to write."""

    def __init__(self, tank: Document, since: float) -> None:
        self.tank = tank
        self.since = since

    def check(self) -> None:
        """Call right before the write. Raises `tank_busy` when the lease is too old to be sure of."""
        if time.monotonic() - self.since > SAFE_SECONDS:
            raise _busy()


@contextmanager
def tank_lease(*, tank_id: ObjectId, wait_seconds: float) -> Iterator[Lease]:
    """Holds the tank for placing, by the database's clock; a dead holder's lease ends by itself.

    Raises DomainError `tank_busy` (409) when another placing does not end within `wait_seconds`, and NotFoundError.
    """
    give_up = time.monotonic() + wait_seconds
    while (lease := _take(tank_id)) is None:
        if time.monotonic() >= give_up:
            raise _busy()
        time.sleep(POLL_SECONDS)
    try:
        yield lease
    finally:
        mine = {"_id": tank_id, "placing_until": lease.tank["placing_until"]}
        collection(Tank).update_one(mine, {"$set": {"placing_until": None}})


def _take(tank_id: ObjectId) -> Lease | None:
    since = time.monotonic()
    tanks = collection(Tank)
    free = {"$lt": [{"$ifNull": ["$placing_until", LONG_AGO]}, "$$NOW"]}
    tank = tanks.find_one_and_update(
        {"_id": tank_id, "$expr": free},
        [{"$set": {"placing_until": {"$add": ["$$NOW", LEASE_SECONDS * 1000]}}}],
        return_document=ReturnDocument.AFTER,
    )
    if tank is None and tanks.count_documents({"_id": tank_id}, limit=1) == 0:
        raise NotFoundError("tank")
    return Lease(tank, since) if tank else None


def _busy() -> DomainError:
    return DomainError("tank_busy", "Another order for this tank is being placed. Try again.", retryAfter=1)
