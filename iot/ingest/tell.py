"""Last steps outwards: live events, what was refused, and the counts."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
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


class LiveEvents:
    """`tank.level` for every tank whose level is new and that somebody watches: what `levels/current` answers.

    `in_background` writes a batch's events while the next batch is being stored; never more than one is on its way.
    """

    def __init__(self, *, in_background: bool) -> None:
        self._writer = ThreadPoolExecutor(1, "live-events") if in_background else None
        self._under_way: Future[None] | None = None

    def tell(self, batch: Batch, known: KnownDevices) -> None:
        """The step."""
        present = audiences_present({word for series in batch.moved for word in batch.tanks[series].audience})
        events = _events_of(batch, known, present)
        if not events:
            return
        if self._writer is None:
            events_publish(events, present=present)
            return
        self.finish()
        self._under_way = self._writer.submit(events_publish, events, present=present)

    def finish(self) -> None:
        """Waits for the events that are on their way."""
        if self._under_way is not None:
            self._under_way.result()
            self._under_way = None


def _events_of(batch: Batch, known: KnownDevices, present: set[str]) -> list[LiveEvent]:
    if not present:
        return []
    events = []
    for series in batch.moved:
        tank, current = batch.tanks[series], known.states[series].current
        if current is None or present.isdisjoint(tank.audience):
            continue
        data: dict[str, Any] = {"tankId": tank.id, **current._asdict(), "quality": "good"}
        events.append(LiveEvent(tank.audience, "tank.level", data, batch.now))
    return events


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
