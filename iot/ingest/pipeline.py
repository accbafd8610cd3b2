"""The pipeline: a visible, ordered list of steps over a batch of messages."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from pymongo.errors import PyMongoError

from common.time import utc_now
from iot.ingest.batch import Batch, Message
from iot.ingest.decode import decode
from iot.ingest.device_status import DeviceStatuses
from iot.ingest.follow import Followings, touch_minds
from iot.ingest.known import KnownDevices
from iot.ingest.record import convert, record
from iot.ingest.tell import LiveEvents, Refusals, count

log = logging.getLogger(__name__)
Step = Callable[[Batch, KnownDevices], None]
# A tank is written once a batch: what has piled up costs the less the more of it is taken at once.
BATCH_MESSAGES = 10_000


class Pipeline:
    """One a process (or thread). `trust_states`: see `KnownDevices`."""

    def __init__(self, *, trust_states: bool = False) -> None:
        self.known = KnownDevices(trust_states=trust_states)
        self.statuses = DeviceStatuses(may_rest=trust_states)
        self.followings = Followings()
        self.live = LiveEvents(in_background=trust_states)
        self.steps: tuple[Step, ...] = (
            decode,  # whose message, and what it says; refuses what cannot be used
            convert,  # distance, depth, volume → percent and litres
            record,  # judge, store once, move current levels
            self.statuses.note,  # last seen, battery, online, offline, faulty
            self.followings.follow,  # alerts of low levels, replenishment
            touch_minds,  # usage, leaks, forecasts: later, by a worker
            self.live.tell,
            Refusals().keep,
            count,
        )

    def begin(self, messages: Sequence[Message], *, changes_heard: bool = False) -> Batch:
        return Batch(list(messages), utc_now(), changes_heard)

    def run(self, batch: Batch) -> Batch:
        """All steps, or those still undone when a run before failed. Raises PyMongoError; call it again then.

        Only when it returns may the batch's messages be acknowledged.
        """
        if batch.steps_done == 0:
            batch.clear()
        for step in self.steps[batch.steps_done :]:
            step(batch, self.known)
            batch.steps_done += 1
        return batch

    def run_each(self, batch: Batch) -> list[Batch]:
        """The messages one by one, after a failure that is no database's: it is one message's, and is kept as such.

        Raises PyMongoError.
        """
        return [self._run_alone(message) for message in batch.messages]

    def _run_alone(self, message: Message) -> Batch:
        alone = self.begin([message])
        try:
            return self.run(alone)
        except PyMongoError:
            raise
        except Exception:
            log.exception("a message on %s could not be handled", message.topic)
            failed = self.begin([message])
            failed.reject(0, "internal_error", "it could not be handled; see the log")
            failed.steps_done = len(self.steps) - 2
            return self.run(failed)

    def take(self, messages: Sequence[Message]) -> Batch:
        """`begin` and `run` in one."""
        return self.run(self.begin(messages))

    def idle(self) -> None:
        """Between batches: writes what was put off. Raises PyMongoError."""
        self.followings.ask_owed()
        self.live.finish()
        self.statuses.write()


_of_this_thread = threading.local()


def pipeline_of_thread() -> Pipeline:
    """The pipeline of the calling thread, for work that comes one request at a time."""
    pipeline: Pipeline | None = getattr(_of_this_thread, "pipeline", None)
    if pipeline is None:
        pipeline = _of_this_thread.pipeline = Pipeline()
    return pipeline
