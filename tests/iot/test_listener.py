"""The listener against a real broker."""

import queue
import socket
import threading
import time

import orjson
import paho.mqtt.client as mqtt
import pytest
from django.conf import settings
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt import publish

from benchmarks.load.world import Mosquitto, mosquitto_is_here
from common.mongo import collection
from common.time import iso, utc_now
from config.launcher.ports import free_port
from iot.models import RejectedMessage
from iot.mqtt.client import BulkClient, Publication, split_packets
from iot.mqtt.listener import Listener
from tanks.models import Device, Tank
from tanks.services.devices import device_register


def wait_until(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return found


@pytest.fixture
def listener(servers, db):
    subscribed = threading.Event()
    made = Listener(url=settings.MQTT_URL, name=f"listener-{time.monotonic_ns()}")
    told = made.client.on_subscribe

    def on_subscribe(*args):
        told(*args)
        subscribed.set()

    made.client.on_subscribe = on_subscribe
    made.start()
    assert subscribed.wait(5)
    yield made
    made.stop()


@pytest.fixture
def sensor(servers):
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", servers.mqtt_port)
    client.loop_start()
    yield lambda topic, body, **more: client.publish(topic, body, qos=1, **more).wait_for_publish(5)
    client.loop_stop()
    client.disconnect()


@pytest.mark.django_db
def test_a_published_level_becomes_the_tanks_current_one(tank, listener, sensor):
    device_register(tank=tank, device_id="dev-1", kind="json")
    sensor("tanks/dev-1/level", orjson.dumps({"level": 71.5, "timestamp": iso(utc_now())}))
    level = wait_until(lambda: collection(Tank).find_one({"_id": tank.pk})["current_level"])
    assert level["level"] == 71.5


@pytest.mark.django_db
def test_a_last_will_turns_the_device_offline_at_once(tank, listener, sensor):
    device_register(tank=tank, device_id="dev-1", kind="json")
    sensor("tanks/dev-1/status", b"online")
    wait_until(lambda: Device.objects.get(device_id="dev-1").status == "online")
    sensor("tanks/dev-1/status", b"offline")
    wait_until(lambda: Device.objects.get(device_id="dev-1").status == "offline")


@pytest.mark.django_db
def test_poison_between_good_messages_is_kept_and_slows_nothing(tank, listener, sensor):
    device_register(tank=tank, device_id="dev-1", kind="json")
    for body in (b"junk", b"", b"[" * 50_000, b"x" * 500_000, b'{"level": 1e400}'):
        sensor("tanks/dev-1/level", body)
    sensor("tanks/stranger/level", b'{"level": 5}')
    sensor("tanks/dev-1/level", b'{"level": 44}')
    wait_until(
        lambda: (collection(Tank).find_one({"_id": tank.pk})["current_level"] or {}).get("level") == 44
    )
    wait_until(lambda: RejectedMessage.objects.count() == 6)


def packet(publication: Publication, qos: int) -> bytes:
    mid = publication.mid.to_bytes(2, "big") if qos else b""
    body = len(publication.topic).to_bytes(2, "big") + publication.topic + mid + publication.payload
    length, digits = len(body), bytearray()
    while True:
        length, digit = divmod(length, 128)
        digits.append(digit | 128 if length else digit)
        if not length:
            first = 0x30 | publication.redelivered << 3 | qos << 1 | publication.retained
            return bytes([first]) + bytes(digits) + body


publications = st.tuples(
    st.builds(
        Publication,
        st.binary(min_size=1, max_size=40),
        st.binary(max_size=300),
        st.integers(1, 65535),
        st.booleans(),
        st.booleans(),
    ),
    st.integers(0, 1),
)


@given(st.lists(publications, max_size=8), st.integers(0, 60))
def test_packets_are_split_the_same_however_they_arrive(sent, cut):
    sent = [(p if qos else p._replace(mid=0), qos) for p, qos in sent]
    data = b"".join(packet(p, qos) for p, qos in sent) + b"\xd0\x00"
    first, others, used = split_packets(data[: max(0, len(data) - cut)])
    rest, more, _ = split_packets(data[used:])
    assert first + rest == [p for p, _ in sent]
    assert others + more == [(0xD0, b"")]


@pytest.fixture
def mosquitto(tmp_path, settings):
    """A broker that listeners can share."""
    if not mosquitto_is_here():
        pytest.skip("Mosquitto is not installed")
    server = Mosquitto(port=free_port(), data_dir=tmp_path)
    server.start()
    settings.MQTT_URL = server.url
    yield server
    server.stop()


def received(port: int, name: str, *, publish_first: bool = False) -> Publication:
    """The first message that a durable session of this name is given; it is not acknowledged."""
    came: queue.Queue[Publication] = queue.Queue()
    ready = threading.Event()
    client = BulkClient(client_id=name, on_publications=lambda found: [came.put(one) for one in found])
    client.on_connect = lambda *_: client.subscribe("tanks/+/level", 1)
    client.on_subscribe = lambda *_: ready.set()
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        assert ready.wait(5)
        if publish_first:
            publish.single("tanks/dev-1/level", b"{}", 1, hostname="127.0.0.1", port=port)
        return came.get(timeout=10)
    finally:
        client.socket().shutdown(socket.SHUT_RDWR)
        client.loop_stop()


def test_mosquitto_marks_what_it_sends_again(mosquitto):
    assert not received(mosquitto.port, "forgetful", publish_first=True).redelivered
    assert received(mosquitto.port, "forgetful").redelivered


@pytest.mark.django_db
def test_a_listener_that_leaves_takes_what_was_kept_for_it_and_is_given_nothing_more(tank, mosquitto):
    device_register(tank=tank, device_id="dev-1", kind="json")

    def level() -> float | None:
        current = collection(Tank).find_one({"_id": tank.pk})["current_level"]
        return current and current["level"]

    def report(value: float) -> None:
        message = ("tanks/dev-1/level", orjson.dumps({"level": value}), 1)
        publish.single(*message, hostname="127.0.0.1", port=mosquitto.port)

    first = Listener(url=mosquitto.url, name="leaver", group="fleet")
    first.start()
    assert first.subscribed.wait(5)
    first.stop()
    report(61)
    call_command("mqtt_listener", "--name", "leaver", "--group", "fleet", "--leave")
    assert level() == 61
    report(62)
    again = Listener(url=mosquitto.url, name="leaver", group="fleet", leaving=True)
    again.start()
    assert again.subscribed.wait(5)
    assert again.drain(seconds=5)
    again.stop()
    assert level() == 61
