"""`/ws/live` end to end: the running processes, a real WebSocket client, real Valkey."""

import asyncio
import json
import time

import pytest
import websockets
from asgiref.sync import sync_to_async

from accounts.families import user_families_revoke
from common.live import LiveEvent, event_publish, events_publish
from tests.live.driver import listening

pytestmark = pytest.mark.django_db


def numbered(user, count, start=0):
    events_publish([LiveEvent([user.pk], "tank.level", {"n": n}) for n in range(start, start + count)])


def numbers(events):
    return [event["data"]["n"] for event in events]


async def test_an_event_arrives_in_the_shape_of_the_contract(product, alice, token):
    async with listening(product, await token(alice)) as client:
        assert client.socket.subprotocol == "live"
        await sync_to_async(event_publish)(
            audience=[alice.pk], type="tank.level", data={"tank_id": alice.pk, "volume_liters": 1.5}
        )
        event = await client.receive()
        assert set(event) == {"id", "type", "at", "data"}
        assert event["type"] == "tank.level"
        assert event["data"] == {"tankId": str(alice.pk), "volumeLiters": 1.5}
        assert event["at"].endswith("Z")


async def test_each_hears_what_is_for_them_alone(product, alice, bob, ada, token):
    async with (
        listening(product, await token(alice)) as to_alice,
        listening(product, await token(bob)) as to_bob,
        listening(product, await token(ada)) as to_ada,
    ):
        publish = sync_to_async(event_publish)
        await publish(audience=[alice.pk], type="tank.level", data={"n": 1})
        await publish(audience=[alice.pk, "admins"], type="order.status", data={"n": 2})
        await asyncio.sleep(0.005)  # these two are in different streams, whose clock is of milliseconds
        await publish(audience=[ada.pk, "admins"], type="notification.new", data={"n": 3})
        assert numbers(await to_alice.events(2)) == [1, 2]
        assert numbers(await to_ada.events(2)) == [2, 3]
        await to_bob.silence()
        await to_ada.silence(0.1)


async def test_resume_replays_in_order_what_was_missed(product, alice, bob, token):
    access = await token(alice)
    async with listening(product, access) as client:
        await sync_to_async(numbered)(alice, 3)
        seen = (await client.events(3))[-1]["id"]
    await sync_to_async(numbered)(alice, 2_000, start=3)
    await sync_to_async(numbered)(bob, 100)
    async with listening(product, access) as client:
        await client.resume(seen)
        await sync_to_async(numbered)(alice, 100, start=2_003)
        events = await client.events(2_100)
        assert numbers(events) == list(range(3, 2_103))
        ids = [tuple(map(int, event["id"].split("-"))) for event in events]
        assert ids == sorted(set(ids))
        await client.silence(0.2)


async def test_hello_is_enough_to_resume_from(product, alice, token):
    access = await token(alice)
    async with listening(product, access) as client:
        hello = client.hello
    await sync_to_async(numbered)(alice, 5)
    async with listening(product, access) as client:
        await client.resume(hello)
        assert numbers(await client.events(5)) == [0, 1, 2, 3, 4]


async def test_a_late_or_repeated_resume_tells_nothing_twice(product, alice, token):
    access = await token(alice)
    async with listening(product, access) as client:
        hello = client.hello
    await sync_to_async(numbered)(alice, 5)
    async with listening(product, access) as client:
        await asyncio.sleep(0.4)
        await sync_to_async(numbered)(alice, 5, start=5)
        live = await client.events(5)
        for _ in range(3):
            await client.resume(hello)
        assert numbers(live) == [5, 6, 7, 8, 9]
        assert numbers(await client.events(5)) == [0, 1, 2, 3, 4]
        await client.silence()


async def test_no_gap_and_no_double_while_events_pour_in_and_the_socket_comes_and_goes(product, alice, token):
    access, total, seen = await token(alice), 3_000, []

    async def publish():
        for start in range(0, total, 20):
            await sync_to_async(numbered)(alice, 20, start=start)
            await asyncio.sleep(0.005)

    async with listening(product, access) as client:
        last = client.hello
    publishing = asyncio.create_task(publish())
    while len(seen) < total:
        # Without a limit: a client that has stopped reading could not read the answer to its own close.
        async with listening(product, access, max_queue=None) as client:
            await client.resume(last)
            for event in await client.events(min(137, total - len(seen))):
                seen.append(event["data"]["n"])
                last = event["id"]
    await publishing
    assert seen == list(range(total))


@pytest.mark.parametrize(
    "after", ["0-0", "1-1", "9999999999999-0", "nonsense", "", None, 7, ["x"], {"a": 1}, "1-1.1-1", "١-٠"]
)
async def test_what_cannot_be_resumed_from_is_answered_with_reset(product, alice, token, after):
    async with listening(product, await token(alice)) as client:
        await client.resume(after)
        assert await client.receive() == {"type": "reset"}
        await sync_to_async(numbered)(alice, 1)
        assert numbers(await client.events(1)) == [0]


async def test_over_an_hour_ago_is_too_old(product, alice, token):
    async with listening(product, await token(alice)) as client:
        await client.resume(f"{int(time.time() * 1000) - 3_601_000}-0")
        assert await client.receive() == {"type": "reset"}


async def test_admins_resume_over_both_of_their_streams(product, ada, token):
    access = await token(ada)
    async with listening(product, access) as client:
        hello = client.hello

    def both():
        for n in range(0, 600, 2):
            event_publish(audience=[ada.pk], type="notification.new", data={"n": n})
            event_publish(audience=["admins"], type="order.status", data={"n": n + 1})

    await sync_to_async(both)()
    async with listening(product, access) as client:
        await client.resume(hello)
        first = await client.events(251)
    async with listening(product, access) as client:
        await client.resume(first[-1]["id"])
        rest = await client.events(349)
        await client.silence(0.2)
    assert sorted(numbers(first + rest)) == list(range(600))


@pytest.mark.parametrize(
    "junk",
    [
        "",
        "{",
        "[]",
        "null",
        "1",
        '"x"',
        "{}",
        '{"type":1}',
        '{"type":"resum"}',
        "[" * 4000,
        b"\x00\xff",
        "x" * 50_000,
    ],
)
async def test_junk_from_a_client_harms_nobody(product, alice, bob, token, junk):
    async with (
        listening(product, await token(alice)) as client,
        listening(product, await token(bob)) as other,
    ):
        await client.socket.send(junk)
        await sync_to_async(event_publish)(audience=[alice.pk, bob.pk], type="tank.level", data={"n": 1})
        assert numbers(await client.events(1)) == [1]
        assert numbers(await other.events(1)) == [1]


async def close_code(product, *subprotocols, **options):
    async with websockets.connect(
        f"ws://127.0.0.1:{product.port}/ws/live", subprotocols=subprotocols or None, **options
    ) as socket:
        await asyncio.wait_for(socket.wait_closed(), 5)
        return socket.close_code


@pytest.mark.parametrize("bad", ["", "x", "a.b.c", "é" * 3])
async def test_a_bad_token_is_closed_with_4401(product, bad):
    assert await close_code(product, "live", "bearer." + bad.encode("ascii", "ignore").decode()) == 4401


async def test_an_expired_token_is_closed_with_4401(product, alice):
    from datetime import timedelta

    from accounts.tokens import AccessToken, tokens_issue

    text = (await sync_to_async(tokens_issue)(user=alice))["access"]
    token = AccessToken(text)
    token.set_exp(lifetime=timedelta(seconds=-1))
    assert await close_code(product, "live", f"bearer.{token}") == 4401
    token.set_exp(lifetime=timedelta(seconds=2))
    async with listening(product, str(token)) as client:
        await sync_to_async(numbered)(alice, 1)
        assert numbers(await client.events(1)) == [0]
        assert await client.close_code() == 4401


async def test_revoking_a_sign_in_closes_its_sockets_at_once(product, alice, bob, token):
    async with (
        listening(product, await token(alice)) as client,
        listening(product, await token(bob)) as other,
    ):
        await asyncio.sleep(0.2)
        began = time.monotonic()
        await sync_to_async(user_families_revoke)(user_id=alice.pk)
        assert await client.close_code() == 4401
        assert time.monotonic() - began < 1
        await other.silence(0.2)


async def test_no_credentials_no_socket(product):
    with pytest.raises(websockets.InvalidStatus) as refused:
        await close_code(product)
    assert refused.value.response.status_code == 403
    origin = f"http://127.0.0.1:{product.port}"
    assert await close_code(product, "live", origin=origin) == 4401


def session_cookie(client, user):
    client.force_login(user)
    return f"sessionid={client.cookies['sessionid'].value}"


async def test_a_page_of_ours_listens_by_its_session(product, sam, client):
    cookie = await sync_to_async(session_cookie)(client, sam)
    async with websockets.connect(
        f"ws://127.0.0.1:{product.port}/ws/live",
        origin=f"http://127.0.0.1:{product.port}",
        additional_headers={"Cookie": cookie},
    ) as socket:
        assert json.loads(await socket.recv())["type"] == "hello"
        await sync_to_async(event_publish)(audience=[sam.pk], type="order.status", data={"n": 1})
        assert json.loads(await asyncio.wait_for(socket.recv(), 5))["type"] == "order.status"


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", None])
async def test_a_page_of_another_origin_is_refused(product, sam, client, origin):
    cookie = await sync_to_async(session_cookie)(client, sam)
    with pytest.raises(websockets.InvalidStatus) as refused:
        await close_code(product, origin=origin, additional_headers={"Cookie": cookie})
    assert refused.value.response.status_code == 403


async def test_a_slow_reader_slows_nobody_and_misses_nothing(product, alice, bob, token):
    count, filler = 20_000, "x" * 200

    def pour():
        for start in range(0, count, 500):
            events_publish(
                [
                    LiveEvent([alice.pk, bob.pk], "tank.level", {"n": n, "filler": filler})
                    for n in range(start, start + 500)
                ]
            )

    slow_options = {"max_queue": 1, "ping_interval": None}
    async with (
        listening(product, await token(alice), **slow_options) as slow,
        listening(product, await token(bob)) as quick,
    ):
        pouring = asyncio.create_task(sync_to_async(pour)())
        assert numbers(await quick.events(count, seconds=60)) == list(range(count))
        await pouring
        assert numbers(await slow.events(count, seconds=60)) == list(range(count))


async def test_a_page_that_asks_whether_the_server_is_there_is_answered(product, alice, token):
    async with listening(product, await token(alice)) as client:
        await client.socket.send('{"type":"ping"}')
        assert await client.receive() == {"type": "pong"}
