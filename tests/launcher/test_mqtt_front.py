"""The one MQTT port: both versions of the protocol, and a stop that lets go of the devices alone."""

import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from config.launcher.errors import LaunchError
from config.launcher.mqtt_front import LONGEST_OPENING, NotMqttError, protocol_version
from config.launcher.ports import free_port
from config.launcher.servers import MQTT4_CONNECT, MQTT5_CONNECT, Broker

VERSIONS = [mqtt.MQTTv311, mqtt.MQTTv5]
both_versions = pytest.mark.parametrize("version", VERSIONS, ids=["MQTT 3.1.1", "MQTT 5"])


class Client:
    """A paho client that remembers what it was told."""

    def __init__(
        self, version: int, port: int, name: str, *, durable: bool = False, will: str = "", user: str = ""
    ) -> None:
        self.messages: list[tuple[str, bytes, bool]] = []
        self.connected: list[bool] = []
        self.subscribed = self.disconnected = 0
        options: dict[str, Any] = {} if version == mqtt.MQTTv5 else {"clean_session": not durable}
        self.paho = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2,
            client_id=f"{name}-{version}",
            protocol=version,
            reconnect_on_failure=False,
            **options,
        )
        if user:
            self.paho.username_pw_set(user, "its secret")
        if will:
            self.paho.will_set(will, b"offline", qos=1, retain=True)
        self.paho.on_connect = lambda _c, _u, flags, *_: self.connected.append(flags.session_present)
        self.paho.on_subscribe = lambda *_: self._count("subscribed")
        self.paho.on_disconnect = lambda *_: self._count("disconnected")
        self.paho.on_message = lambda _c, _u, told: self.messages.append(
            (told.topic, told.payload, told.retain)
        )
        self.paho.connect("127.0.0.1", port, **self._session(durable) if version == mqtt.MQTTv5 else {})
        self.paho.loop_start()
        wait(lambda: self.connected)

    @staticmethod
    def _session(durable: bool) -> dict[str, Any]:
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = 3_600 if durable else 0
        return {"clean_start": not durable, "properties": properties}

    def _count(self, what: str) -> None:
        setattr(self, what, getattr(self, what) + 1)

    def subscribe(self, topic: str) -> None:
        told = self.subscribed
        self.paho.subscribe(topic, qos=1)
        wait(lambda: self.subscribed > told)

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self.paho.publish(topic, payload, qos=1, retain=retain).wait_for_publish(5)

    def vanish(self) -> None:
        """Gone without a word."""
        sock = self.paho.socket()
        assert sock is not None
        sock.shutdown(socket.SHUT_RDWR)
        self.paho.loop_stop()

    def leave(self) -> None:
        self.paho.disconnect()
        self.paho.loop_stop()


def wait(true: Callable[[], Any], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


@pytest.fixture
def connect(servers) -> Iterator[Callable[..., Client]]:
    made: list[Client] = []

    def _connect(version: int, name: str, **options: Any) -> Client:
        made.append(Client(version, options.pop("port", servers.mqtt_port), name, **options))
        return made[-1]

    yield _connect
    for client in made:
        client.leave()


@both_versions
def test_what_is_published_at_qos_1_reaches_subscribers_of_either_version(connect, version: int) -> None:
    readers = [connect(other, "reader") for other in VERSIONS]
    for reader in readers:
        reader.subscribe(f"front/{version}/+")
    writer = connect(version, "writer")
    payloads = [b"%d" % number for number in range(300)] + [b"long" * 200_000]
    for payload in payloads:
        writer.publish(f"front/{version}/level", payload)
    for reader in readers:
        wait(lambda reader=reader: len(reader.messages) == len(payloads))
        assert [payload for _, payload, _ in reader.messages] == payloads


@both_versions
def test_the_last_will_of_a_device_that_vanishes_is_told_and_retained(connect, version: int) -> None:
    topic = f"front/{version}/status"
    reader = connect(mqtt.MQTTv311, "watcher")
    reader.subscribe(topic)
    device = connect(version, "device", will=topic)
    device.publish(topic, b"online", retain=True)
    device.vanish()
    wait(lambda: len(reader.messages) == 2)
    assert [payload for _, payload, _ in reader.messages] == [b"online", b"offline"]
    for other in VERSIONS:
        late = connect(other, "late")
        late.subscribe(topic)
        wait(lambda late=late: late.messages)
        assert late.messages == [(topic, b"offline", True)]


@both_versions
def test_a_device_that_says_goodbye_leaves_no_will(connect, version: int) -> None:
    topic = f"front/{version}/goodbye"
    reader = connect(mqtt.MQTTv5, "listener")
    reader.subscribe(topic)
    connect(version, "polite", will=topic).leave()
    connect(version, "after").publish(topic, b"after")
    wait(lambda: reader.messages)
    assert [payload for _, payload, _ in reader.messages] == [b"after"]


@both_versions
def test_a_durable_session_is_kept_while_its_client_is_away(connect, version: int) -> None:
    topic = f"front/{version}/kept"
    first = connect(version, "durable", durable=True)
    first.subscribe(topic)
    first.leave()
    connect(version, "sender").publish(topic, b"kept")
    second = connect(version, "durable", durable=True)
    wait(lambda: second.messages)
    assert (second.connected, second.messages) == ([True], [(topic, b"kept", False)])


@both_versions
def test_a_device_of_thingsboard_has_topics_of_its_own(connect, version: int) -> None:
    reader = connect(mqtt.MQTTv311, "reader")
    reader.subscribe("+/v1/devices/me/telemetry")
    device = connect(version, "tb", user=f"tb-{version}")
    device.subscribe("v1/devices/me/attributes")
    device.publish("v1/devices/me/telemetry", b'{"level": 5}')
    wait(lambda: reader.messages)
    assert reader.messages == [(f"tb-{version}/v1/devices/me/telemetry", b'{"level": 5}', False)]
    for other in (f"tb-{version}", "tb-other"):
        reader.publish(f"{other}/v1/devices/me/attributes", other.encode())
    wait(lambda: device.messages)
    assert device.messages == [("v1/devices/me/attributes", f"tb-{version}".encode(), False)]


def test_what_is_not_mqtt_is_closed_at_once(servers) -> None:
    for opening in (
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
        b"\x10\x10\x00\x04HTTP\x04",
        b"\x30" * 20,
    ):
        with socket.create_connection(("127.0.0.1", servers.mqtt_port), timeout=2) as connection:
            connection.sendall(opening)
            with contextlib.suppress(ConnectionResetError):
                assert connection.recv(1) == b""


def test_a_greeting_in_single_bytes_is_understood(servers) -> None:
    for greeting in (MQTT4_CONNECT, MQTT5_CONNECT):
        with socket.create_connection(("127.0.0.1", servers.mqtt_port), timeout=2) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in greeting:
                connection.sendall(bytes([byte]))
                time.sleep(0.001)
            assert connection.recv(4, socket.MSG_WAITALL)[2:] == b"\0\0"


@given(st.binary(max_size=40))
def test_any_first_bytes_are_judged_by_fourteen_of_them(opening: bytes) -> None:
    try:
        version = protocol_version(opening[:LONGEST_OPENING])
    except NotMqttError:
        return
    assert version is not None or len(opening) < LONGEST_OPENING


@given(st.sampled_from([(b"MQIsdp", 3), (b"MQTT", 4), (b"MQTT", 5)]), st.integers(0, 268_435_455), st.data())
def test_the_version_is_read_as_soon_as_it_is_there(protocol: tuple[bytes, int], length: int, data) -> None:
    name, version = protocol
    size = b""
    while True:
        length, digit = divmod(length, 128)
        size += bytes([digit | (128 if length else 0)])
        if not length:
            break
    opening = b"\x10" + size + len(name).to_bytes(2, "big") + name + bytes([version])
    assert protocol_version(opening) == version
    assert protocol_version(opening[: data.draw(st.integers(0, len(opening) - 1))]) is None


def test_letting_go_of_the_devices_tells_no_wills_and_goes_on_serving_the_product(tmp_path: Path) -> None:
    broker = Broker(port=free_port(), data_dir=tmp_path / "broker")
    broker.start()
    try:
        listener = Client(mqtt.MQTTv311, broker.inner[0], "listener")
        listener.subscribe("tanks/#")
        devices = [Client(version, broker.port, "device", will="tanks/1/status") for version in VERSIONS]
        for device in devices:
            device.publish("tanks/1/level", b"acknowledged")
        assert broker.process is not None
        os.kill(broker.process.pid, signal.SIGUSR1)
        wait(lambda: all(device.disconnected for device in devices))
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", broker.port), timeout=2)
        Client(mqtt.MQTTv5, broker.inner[1], "product").publish("tanks/1/level", b"after")
        wait(lambda: len(listener.messages) == 3)
        assert [payload for _, payload, _ in listener.messages] == [b"acknowledged"] * 2 + [b"after"]
    finally:
        broker.stop()


def test_a_broker_that_cannot_listen_says_why_and_ends(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        broker = Broker(port=free_port(), data_dir=tmp_path / "broker", inner=(taken, free_port()))
        with pytest.raises(LaunchError, match=f"cannot listen on 127.0.0.1:{taken}: Address already in use"):
            broker.start()
