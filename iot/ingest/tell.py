"""Last steps outwards: live events, what was refused, and the counts."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from common.live import LiveEvent, audiences_present, events_publish
from common.mongo import collection
from common.time import truncate_ms
from iot.ingest import metrics
from iot.ingest.batch import Batch, Rejection
from iot.ingest.known import KnownDevices
from iot.models import RejectedMessage

PAYLOAD_CHARACTERS = 2_000
KEPT_A_SECOND = 100.0
KEPT_AT_ONCE = 2_000


def live_events(batch: Batch, known: KnownDevices) -> None:
    """`tank.level` for every tank whose level is new and that somebody watches: what `levels/current` answers."""
    audiences = {word for series in batch.moved for word in batch.tanks[series].audience}
    present = audiences_present(audiences)
    if not present:
        return
    events = []
    for series in batch.moved:
        tank, current = batch.tanks[series], known.states[series].current
        if current is None or present.isdisjoint(tank.audience):
            continue
        data: dict[str, Any] = {"tankId": tank.id, **current._asdict(), "quality": "good"}
        events.append(LiveEvent(tank.audience, "tank.level", data, batch.now))
    events_publish(events)


class Refusals:
    """Keeps what was refused, for people to look at. A flood is counted in full but kept only in part."""

    def __init__(self) -> None:
        self.allowance = float(KEPT_AT_ONCE)
        self.counted_at = time.monotonic()

    def keep(self, batch: Batch, known: KnownDevices) -> None:
        if not batch.rejections:
            return
        now = time.monotonic()
        self.allowance = min(KEPT_AT_ONCE, self.allowance + (now - self.counted_at) * KEPT_A_SECOND)
        self.counted_at = now
        kept = batch.rejections[: int(self.allowance)]
        self.allowance -= len(kept)
        if kept:
            documents = [_document(batch, rejection) for rejection in kept]
            collection(RejectedMessage).insert_many(documents, ordered=False)


def _document(batch: Batch, rejection: Rejection) -> dict[str, Any]:
    message = batch.messages[rejection.message]
    item = "" if rejection.item is None else f"[{rejection.item}] "
    payload = message.payload[: PAYLOAD_CHARACTERS * 4].decode("utf-8", "backslashreplace")
    return {
        "at": truncate_ms(message.received_at),
        "transport": message.transport,
        "topic": message.topic[:300],
        "device_id": rejection.device_id[:128],
        "code": rejection.code,
        "detail": (item + rejection.detail)[:500],
        "payload": payload[:PAYLOAD_CHARACTERS],
    }


def count(batch: Batch, known: KnownDevices) -> None:
    """Adds the batch to the counters of all processes."""
    counts: Counter[str] = Counter()
    for message in batch.messages:
        counts[f"messages:{message.transport}"] += 1
    counts["readings"] = len(batch.samples) - len(batch.duplicates)
    counts["duplicates"] = len(batch.duplicates)
    counts["suspects"] = batch.suspects
    counts["batches"] = 1
    for rejection in batch.rejections:
        counts[f"rejected:{rejection.code}"] += 1
    metrics.add(counts)
