"""The listener's inbox: at once when it is quiet, together when there is a stream."""

import threading
import time

from common.time import utc_now
from iot.mqtt.client import Publication
from iot.mqtt.inbox import GATHER_SECONDS, Arrivals, Inbox

ONE = Publication(b"tanks/dev-1/level", b'{"level":5}', 1, False)


def arrivals(number: int) -> Arrivals:
    return Arrivals(1, utc_now(), [ONE] * number)


def taken(inbox: Inbox, *, most: int = 1_000_000) -> int:
    return sum(len(some.publications) for some in inbox.take(most=most, seconds=1.0))


def streaming() -> Inbox:
    inbox = Inbox(limit=100_000, most_bytes=100_000_000)
    for _ in range(2):
        inbox.put(arrivals(20_000))
        assert taken(inbox) == 20_000
    return inbox


def test_a_message_alone_is_taken_at_once():
    inbox = Inbox(limit=100, most_bytes=1_000)
    begun = time.monotonic()
    for _ in range(20):
        inbox.put(arrivals(1))
        assert taken(inbox) == 1
        time.sleep(0.005)
    assert time.monotonic() - begun < 20 * GATHER_SECONDS / 2


def test_of_a_stream_what_comes_in_a_moment_is_taken_together():
    inbox = streaming()
    inbox.put(arrivals(3))
    timer = threading.Timer(GATHER_SECONDS / 4, inbox.put, [arrivals(4)])
    timer.start()
    assert taken(inbox) == 7
    timer.join()


def test_a_stream_does_not_wait_once_the_batch_is_full():
    inbox = streaming()
    inbox.put(arrivals(50))
    begun = time.monotonic()
    assert taken(inbox, most=50) == 50
    assert time.monotonic() - begun < GATHER_SECONDS / 2


def test_closing_ends_the_waiting_of_a_stream():
    inbox = streaming()
    inbox.put(arrivals(1))
    inbox.close()
    begun = time.monotonic()
    assert taken(inbox) == 1
    assert time.monotonic() - begun < GATHER_SECONDS / 2


def test_after_the_stream_a_message_is_taken_at_once_again():
    inbox = streaming()
    time.sleep(GATHER_SECONDS)
    inbox.put(arrivals(1))
    begun = time.monotonic()
    assert taken(inbox) == 1
    assert time.monotonic() - begun < GATHER_SECONDS / 2
