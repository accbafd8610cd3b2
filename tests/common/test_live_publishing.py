"""Live events reach the streams of those who listen, and an outage of Redis harms nobody."""

import time

import orjson
import pytest
from bson import ObjectId

from common import live
from common.live import LiveEvent, event_publish, events_publish, shard_of, stream_key
from common.redis import client
from config.launcher.ports import free_port

ALICE, BOB = ObjectId(), ObjectId()


@pytest.fixture
def redis(servers):
    return client()


@pytest.fixture
def _no_outage():
    live._outage.__init__()
    yield
    live._outage.__init__()


def present(redis, *words, seconds=60):
    redis.zadd(live.PRESENT, {str(word): (time.time() + seconds) * 1000 for word in words})


def entries(redis, word):
    return [fields for _, fields in redis.xrange(stream_key(shard_of(str(word))))]


def test_an_event_is_written_as_the_api_would_render_it(redis):
    present(redis, ALICE)
    event_publish(audience=[ALICE], type="tank.level", data={"tank_id": ALICE, "volume_liters": 2.5})
    (entry,) = entries(redis, ALICE)
    assert entry[b"to"].decode() == str(ALICE)
    body = orjson.loads(entry[b"event"])
    assert body["type"] == "tank.level"
    assert body["data"] == {"tankId": str(ALICE), "volumeLiters": 2.5}
    assert body["at"].endswith("Z")


def test_nothing_is_written_for_those_who_are_away(redis):
    present(redis, ALICE, seconds=-1)
    event_publish(audience=[ALICE, BOB], type="tank.level", data={})
    assert entries(redis, ALICE) == entries(redis, BOB) == []


def test_events_keep_their_order(redis):
    present(redis, ALICE)
    events_publish([LiveEvent([ALICE], "tank.level", {"n": n}) for n in range(500)])
    assert [orjson.loads(entry[b"event"])["data"]["n"] for entry in entries(redis, ALICE)] == list(range(500))


@pytest.mark.usefixtures("_no_outage")
def test_an_outage_neither_raises_nor_waits_and_its_audience_is_told_to_fetch_anew(redis, settings):
    present(redis, ALICE)
    good = settings.REDIS_URL
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    client.cache_clear()
    started = time.monotonic()
    for _ in range(100):
        event_publish(audience=[ALICE, BOB], type="tank.level", data={})
    assert time.monotonic() - started < 2
    settings.REDIS_URL = good
    client.cache_clear()
    live._outage.until = 0
    event_publish(audience=[ALICE], type="tank.level", data={})
    first, second = entries(redis, ALICE)
    assert b"reset" in first
    assert b"event" in second
    assert entries(redis, BOB) == []
