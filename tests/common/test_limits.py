"""Limits are counted exactly, by however many threads and whatever becomes of the connections to Redis."""

from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from uuid import uuid4

import pytest

from common.limits import NOTHING, Count, count_hit, count_hit_and_get
from common.redis import client


@pytest.fixture
def key(servers) -> str:
    return f"read:test:{uuid4().hex}"


def hit(key: str) -> Count:
    return count_hit(key, window_seconds=60)


def test_hits_of_many_threads_are_all_counted(key):
    with ThreadPoolExecutor(8) as pool:
        counts = [count.hits for count in pool.map(lambda _: hit(key), range(200))]
    assert sorted(counts) == list(range(1, 201))


def test_threads_that_come_and_go_leave_no_connections_behind(key):
    for _ in range(120):
        thread = Thread(target=hit, args=(key,))
        thread.start()
        thread.join()
    assert hit(key).hits == 121
    assert len(client().client_list()) < 60


def test_a_window_says_when_it_ends(key):
    count = hit(key)
    assert count.hits == 1
    assert 59 < count.seconds_left <= 60


def test_another_key_is_read_in_the_same_breath(key):
    client().set(f"beside:{key}", "told", ex=60)
    count, value = count_hit_and_get(key, f"beside:{key}", window_seconds=60)
    assert (count.hits, value) == (1, b"told")
    assert count_hit_and_get(key, f"nothing:{key}", window_seconds=60)[1] is None


def test_a_connection_that_the_server_closed_is_made_again(key):
    hit(key)
    client().execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    assert hit(key).hits == 2


def test_a_server_that_forgot_the_script_is_told_it_again(key):
    hit(key)
    client().script_flush()
    assert hit(key).hits == 2


def test_a_key_of_the_wrong_kind_limits_nobody(key):
    client().lpush(f"limit:{key}", "x")
    assert hit(key) == NOTHING
    client().delete(f"limit:{key}")
    assert hit(key).hits == 1
