"""What follows from new levels: alerts at once, replenishment asked for, the tanks' minds told to look."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from bson import ObjectId
from kombu.exceptions import OperationalError

from iot.ingest.batch import Batch
from iot.ingest.known import KnownDevices
from tanks.mind_queue import minds_touch
from tanks.readings import from_ms, to_ms
from tanks.services.level_zones import level_zone_apply, replenishment_request, zone_of
from tanks.zones import OK

log = logging.getLogger(__name__)
ASK_AGAIN_SECONDS = 60.0
KEPT_REQUESTS = 100_000
PAUSE_SECONDS = 1.0
ON_TIME = timedelta(minutes=10)  # a reading that is older may be too late for its day


class Followings:
    """Remembers for which tanks replenishment was asked for lately, so that each reading need not ask again."""

    def __init__(self) -> None:
        self.asked_at: dict[ObjectId, float] = {}
        self.owed: set[ObjectId] = set()  # not asked for yet: the queue did not answer
        self.again_at = 0.0

    def follow(self, batch: Batch, known: KnownDevices) -> None:
        """The step, for every tank of the batch: one whose level moved before a crash must not be missed."""
        for series, tank in batch.tanks.items():
            state = known.states.get(series)
            if state is None:
                continue
            zone = zone_of(state=state, low=tank.low, critical=tank.critical, now=batch.now)
            if zone != (state.zone or OK):
                level_zone_apply(state=state, zone=zone)
            if zone == OK:
                self.asked_at.pop(tank.id, None)
            elif tank.auto_order:
                self._ask(tank.id)
        if self.owed:
            self.ask_owed()

    def _ask(self, tank_id: ObjectId) -> None:
        now = time.monotonic()
        if now - self.asked_at.get(tank_id, -ASK_AGAIN_SECONDS) < ASK_AGAIN_SECONDS:
            return
        if len(self.asked_at) > KEPT_REQUESTS:
            self.asked_at.clear()
        self.asked_at[tank_id] = now
        self.owed.add(tank_id)
        self.ask_owed()

    def ask_owed(self) -> None:
        """Asks for what is owed, now or when the queue answers again."""
        if time.monotonic() < self.again_at:
            return
        for tank_id in list(self.owed):
            try:
                replenishment_request(tank_id=tank_id)
            except OperationalError as error:
                self.again_at = time.monotonic() + PAUSE_SECONDS
                log.warning("%d replenishments wait for the queue: %s", len(self.owed), error)
                return
            self.owed.discard(tank_id)


def touch_minds(batch: Batch, known: KnownDevices) -> None:
    """The step: tells which tanks have new readings. What those mean is found out elsewhere."""
    duplicates = batch.duplicates
    if len(duplicates) == len(batch.samples):
        return
    on_time = to_ms(batch.now - ON_TIME)
    oldest: dict[int, int] = {}
    for index, sample in enumerate(batch.samples):
        ms = sample.ms
        if ms < on_time and index not in duplicates and ms < oldest.get(sample.series, on_time):
            oldest[sample.series] = ms
    late = {batch.tanks[series].id: from_ms(ms) for series, ms in oldest.items()}
    minds_touch([tank.id for tank in batch.tanks.values()], late)
