"""From the MQTT broker into the pipeline: at least once from the broker, once in the database.

paho's thread reads the network and fills the inbox; the pipeline's empties it in batches, and acknowledges a batch
when MongoDB has it, on a majority and journaled. While MongoDB does not answer, nothing is acknowledged: the broker
keeps what it has, the inbox is bounded, and the batch in hand is tried again until it is stored. A third thread
tells how the listener fares, also while the others wait.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode
from pymongo.errors import PyMongoError

from common.time import utc_now
from iot.decoders import REGISTRY, decoder_for
from iot.ingest.batch import Batch, Message
from iot.ingest.pipeline import BATCH_MESSAGES, Pipeline
from iot.mqtt.address import configure
from iot.mqtt.client import BulkClient, Publication
from iot.mqtt.heartbeat import BLOCKED, DISCONNECTED, STOPPED, WORKING, heartbeat_write
from iot.mqtt.inbox import Arrivals, Inbox

log = logging.getLogger(__name__)

QOS = 1
KEEPALIVE_SECONDS = 30
INBOX_MESSAGES, INBOX_BYTES = 20_000, 64 * 1024 * 1024
IDLE_SECONDS = 0.5
BEAT_SECONDS = 1.0
SLOW_SECONDS = 5.0  # a batch that takes longer is one that MongoDB does not take
FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS = 0.1, 5.0
FAILED = 128


def subscriptions() -> list[str]:
    """The topic filters of every fleet."""
    return sorted({topic for kind in REGISTRY for topic in decoder_for(kind).topics})


class Listener:
    """One listener: `name` is its durable session at the broker, `group` the share it takes part in, if any.

    One that is `leaving` takes what the broker holds for it and nothing new, so that its name can be given up.
    """

    def __init__(self, *, url: str, name: str, group: str | None = None, leaving: bool = False) -> None:
        self.url = url
        self.name = name
        self.group = group
        self.leaving = leaving
        self.inbox = Inbox(limit=INBOX_MESSAGES, most_bytes=INBOX_BYTES)
        self.pipeline = Pipeline(trust_states=True)
        self.stopping = threading.Event()
        self.subscribed = threading.Event()
        self.idle = threading.Event()
        self.blocked_since: float | None = None
        self._batch_since: float | None = None  # when the batch in hand was begun
        self._worker = threading.Thread(target=self._work, name="pipeline", daemon=True)
        self._heart = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self.client = self._client(url)

    def _client(self, url: str) -> BulkClient:
        client = BulkClient(client_id=self.name, on_publications=self._arrived)
        host, port = configure(client, url)
        client.on_connect = self._connected
        client.on_disconnect = self._disconnected
        client.on_subscribe = self._subscribed
        client.on_unsubscribe = self._unsubscribed
        client.reconnect_delay_set(1, 10)
        client.connect_async(host, port, keepalive=KEEPALIVE_SECONDS)
        return client

    def start(self) -> None:
        self._worker.start()
        self._heart.start()
        self.client.loop_start()

    def drain(self, *, seconds: float) -> bool:
        """Goes on until the broker has nothing more to give, or the time is over; True when it is all taken.

        For a broker that forgets what it holds when it stops, after it let go of the devices.
        """
        deadline = time.monotonic() + seconds
        # The first pause may have begun before the devices went.
        for _ in range(2):
            self.idle.clear()
            if not self.idle.wait(max(0.0, deadline - time.monotonic())):
                return False
        return True

    def stop(self, *, seconds: float = 8.0) -> None:
        """Finishes the batch in hand, if that can be done in time, and leaves; the broker keeps the session."""
        self.stopping.set()
        self.inbox.close()
        self._worker.join(seconds)
        self.client.disconnect()
        self.client.loop_stop()
        self._heart.join(seconds)
        heartbeat_write(name=self.name, state=STOPPED, waiting=0, connection=0)

    def forget(self, *, seconds: float = 10.0) -> bool:
        """Has the broker end the session; True when it did. Only after `drain` and `stop`."""
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=self.name, clean_session=True)
        ended = threading.Event()
        client.on_connect = lambda *_: ended.set()
        host, port = configure(client, self.url)
        client.connect_async(host, port, keepalive=KEEPALIVE_SECONDS)
        client.loop_start()
        done = ended.wait(seconds)
        client.disconnect()
        client.loop_stop()
        return done

    # --- the network's thread

    def _connected(
        self, client: mqtt.Client, _: Any, flags: mqtt.ConnectFlags, reason: ReasonCode, __: Any
    ) -> None:
        if reason.is_failure:
            log.error("the MQTT broker refuses this listener: %s", reason)
            return
        log.info("connected as %s (session %s)", self.name, "kept" if flags.session_present else "new")
        plain = subscriptions()
        shared = [f"$share/{self.group}/{topic}" for topic in plain] if self.group else []
        if self.leaving:
            client.unsubscribe(shared or plain)
            return
        if shared and flags.session_present:
            client.unsubscribe(plain)  # of a session that was not shared before
        client.subscribe([(topic, QOS) for topic in shared or plain])

    def _subscribed(self, client: mqtt.Client, _: Any, __: int, reasons: list[ReasonCode], ___: Any) -> None:
        refused = sum(reason.value >= FAILED for reason in reasons)
        if refused:
            log.error("the MQTT broker refused %d of %d subscriptions", refused, len(reasons))
        self.subscribed.set()

    def _unsubscribed(self, *_: Any) -> None:
        if self.leaving:
            self.subscribed.set()

    def _disconnected(self, client: mqtt.Client, _: Any, __: Any, reason: ReasonCode, ___: Any) -> None:
        if not self.stopping.is_set():
            log.warning("the MQTT broker is gone: %s", reason)

    def _arrived(self, publications: list[Publication]) -> None:
        self.inbox.put(Arrivals(self.client.connection, utc_now(), publications))

    # --- the pipeline's thread

    def _work(self) -> None:
        try:
            while not self.stopping.is_set():
                arrivals = self.inbox.take(most=BATCH_MESSAGES, seconds=IDLE_SECONDS)
                if arrivals:
                    self._batch_since = time.monotonic()
                    self._handle(arrivals)
                    self._batch_since = None
                else:
                    self._tidy()
                    self.idle.set()
        except Exception:
            # Nobody would take from the inbox any more; another process takes what was not acknowledged.
            log.exception("the listener ends")
            os._exit(1)
        self._tidy(last=True)

    def _handle(self, arrivals: list[Arrivals]) -> None:
        batch = self.pipeline.begin([message for some in arrivals for message in messages_of(some)])
        done = self._until_stored(batch)
        if done is None:
            return
        for topic, payload in (downlink for part in done for downlink in part.downlinks):
            self.client.publish(topic, payload, qos=0)
        for some in arrivals:
            mids = [publication.mid for publication in some.publications]
            self.client.acknowledge(mids, connection=some.connection)

    def _until_stored(self, batch: Batch) -> list[Batch] | None:
        """Runs the batch through the pipeline, again and again if need be; None when told to stop meanwhile."""
        pause = FIRST_RETRY_SECONDS
        run = self._run_whole
        while True:
            try:
                done = run(batch)
            except PyMongoError as error:
                if self.blocked_since is None:
                    self.blocked_since = time.monotonic()
                log.warning("a batch of %d cannot be stored yet: %s", len(batch.messages), error)
            except Exception:
                log.exception("a batch of %d failed: its messages go one by one", len(batch.messages))
                run = self.pipeline.run_each
                continue
            else:
                if self.blocked_since is not None:
                    log.warning("storing again after %.1f s", time.monotonic() - self.blocked_since)
                    self.blocked_since = None
                return done
            if self.stopping.wait(pause):
                return None
            pause = min(pause * 2, LAST_RETRY_SECONDS)

    def _run_whole(self, batch: Batch) -> list[Batch]:
        return [self.pipeline.run(batch)]

    def _tidy(self, *, last: bool = False) -> None:
        try:
            self.pipeline.idle()
        except Exception:
            if last:
                log.exception("what was last heard of devices is not written")

    # --- the heartbeat's thread

    def _beat(self) -> None:
        while not self.stopping.is_set():
            heartbeat_write(
                name=self.name,
                state=self._state(),
                waiting=self.inbox.waiting,
                connection=self.client.connection,
            )
            self.stopping.wait(BEAT_SECONDS)

    def _state(self) -> str:
        since = self._batch_since
        if self.blocked_since or (since is not None and time.monotonic() - since > SLOW_SECONDS):
            return BLOCKED
        return WORKING if self.client.is_connected() else DISCONNECTED


def messages_of(arrivals: Arrivals) -> list[Message]:
    """Publications as the pipeline takes them. A topic that is not UTF-8 comes through marked, and is refused."""
    return [
        Message(
            transport="mqtt",
            topic=publication.topic.decode("utf-8", "backslashreplace"),
            payload=publication.payload,
            received_at=arrivals.at,
            retained=publication.retained,
            redelivered=publication.redelivered,
        )
        for publication in arrivals.publications
    ]
