"""Mosquitto with its own users, kept by the product: nobody gets outside of their topics."""

import queue
import subprocess
import sys

import paho.mqtt.client as mqtt
import pytest
from django.core.management import call_command

from benchmarks.load.world import wait_until
from config.celery import app
from config.launcher.ports import free_port, port_answers
from iot.models import Gateway
from iot.services.gateways import gateway_secret_renew
from tanks.models import Device
from tanks.services.devices import device_register, device_release, device_secret_rotate
from tanks.services.tanks import tank_delete
from tests.factories import TankFactory

pytestmark = pytest.mark.django_db
SECONDS = 5


@pytest.fixture(autouse=True)
def broker(mosquitto, settings):
    settings.MQTT_CONTROL_URL = mosquitto.control_url
    settings.MQTT_URL = f"mqtt://listener:listens@127.0.0.1:{mosquitto.port}"
    app.conf.task_always_eager = True
    call_command("mosquitto_sync", verbosity=0)
    yield mosquitto
    app.conf.task_always_eager = False


class Login:
    """An MQTT 5 client, so that the broker says what it refuses."""

    def __init__(self, port: int, username: str, password: str) -> None:
        self.said: queue.Queue = queue.Queue()
        self.heard: queue.Queue = queue.Queue()
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self.client.username_pw_set(username, password)
        self.client.on_connect = lambda *event: self.said.put(event[3])
        self.client.on_disconnect = lambda *event: self.said.put("gone")
        self.client.on_publish = lambda *event: self.said.put(event[3])
        self.client.on_subscribe = lambda *event: self.said.put(event[3][0])
        self.client.on_message = lambda *event: self.heard.put((event[2].topic, event[2].payload))
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        self.allowed = not self.said.get(timeout=SECONDS).is_failure

    def may_publish(self, topic: str, payload: bytes = b"x") -> bool:
        self.client.publish(topic, payload, qos=1)
        return not self.said.get(timeout=SECONDS).is_failure

    def may_subscribe(self, topic: str) -> bool:
        self.client.subscribe(topic, 1)
        return not self.said.get(timeout=SECONDS).is_failure

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def login(mosquitto):
    made = []

    def make(username, password, port=mosquitto.port):
        made.append(Login(port, username, password))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_a_device_neither_publishes_nor_subscribes_outside_its_own_topics(tank, login):
    _, secret = device_register(tank=tank, device_id="dev-1", kind="json")
    _, foreign = device_register(tank=TankFactory(), device_id="dev-2", kind="tasmota")
    listener, other = login("listener", "listens"), login("dev-2", foreign)
    assert listener.may_subscribe("$share/fleet/tanks/+/level")
    device = login("dev-1", secret)
    assert device.allowed
    assert other.may_subscribe("tanks/dev-2/config")
    assert other.may_publish("tele/dev-2/SENSOR")

    assert device.may_publish("tanks/dev-1/level", b"mine")
    assert device.may_subscribe("tanks/dev-1/config")
    for topic in (
        "tanks/dev-2/level",
        "tanks/dev-2/config",
        "tanks/dev-1/config",
        "tele/dev-1/SENSOR",
    ):
        assert not device.may_publish(topic), topic
    for topic in (
        "#",
        "tanks/#",
        "tanks/+/config",
        "tanks/dev-2/config",
        "$SYS/#",
        "$CONTROL/#",
        "$share/g/#",
    ):
        assert not device.may_subscribe(topic), topic

    assert listener.heard.get(timeout=SECONDS) == ("tanks/dev-1/level", b"mine")
    assert listener.may_publish("tanks/dev-1/config", b"for one")
    settings_topic, told = device.heard.get(timeout=SECONDS)
    assert (settings_topic, b'"deviceId":"dev-1"' in told) == ("tanks/dev-1/config", True)
    assert device.heard.get(timeout=SECONDS) == ("tanks/dev-1/config", b"for one")
    assert other.heard.empty()


def test_nobody_else_logs_in(tank, login):
    _, secret = device_register(tank=tank, device_id="dev-1", kind="json")
    for username, password in (("dev-1", "wrong"), ("dev-1", ""), ("stranger", secret), ("listener", secret)):
        assert not login(username, password).allowed


def test_a_renewed_secret_replaces_the_one_before(tank, login):
    _, secret = device_register(tank=tank, device_id="dev-1", kind="json")
    device = login("dev-1", secret)
    new = device_secret_rotate(device=Device.objects.get(device_id="dev-1"))
    assert device.said.get(timeout=SECONDS) == "gone"
    assert not login("dev-1", secret).allowed
    assert login("dev-1", new).allowed


def test_a_relay_before_mosquitto_gives_thingsboards_devices_topics_of_their_own(tank, login, mosquitto):
    _, secret = device_register(tank=tank, device_id="tb-1", kind="thingsboard")
    port = free_port()
    addresses = ("--listen", f"127.0.0.1:{port}", "--broker", f"127.0.0.1:{mosquitto.port}")
    relay = subprocess.Popen([sys.executable, "-m", "config.launcher.mqtt_front", *addresses])
    try:
        wait_until(lambda: port_answers("127.0.0.1", port), seconds=10)
        listener = login("listener", "listens")
        assert listener.may_subscribe("+/v1/devices/me/telemetry")
        assert not login("tb-1", "wrong", port=port).allowed
        device = login("tb-1", secret, port=port)
        assert device.may_publish("v1/devices/me/telemetry", b"mine")
        assert device.may_subscribe("v1/devices/me/rpc/request/+")
        assert not device.may_publish("tb-2/v1/devices/me/telemetry")
        assert listener.heard.get(timeout=SECONDS) == ("tb-1/v1/devices/me/telemetry", b"mine")
    finally:
        relay.terminate()
        relay.wait()


@pytest.mark.parametrize("end", [device_release, tank_delete])
def test_a_device_that_is_taken_away_is_thrown_out(tank, login, end):
    _, secret = device_register(tank=tank, device_id="dev-1", kind="json")
    device = login("dev-1", secret)
    end(tank=tank)
    assert device.said.get(timeout=SECONDS) == "gone"
    assert not login("dev-1", secret).allowed


def test_a_gateway_publishes_uplinks_alone(login):
    gateway = Gateway.objects.create(gateway_id="lns")
    bridge = login("lns", gateway_secret_renew(gateway=gateway))
    assert bridge.may_publish("application/a/device/d/event/up")
    assert not bridge.may_publish("tanks/dev-1/level")


def test_a_sync_makes_good_what_the_broker_missed(tank, login, settings, capsys):
    _, secret = device_register(tank=tank, device_id="dev-1", kind="json")
    url, settings.MQTT_CONTROL_URL = settings.MQTT_CONTROL_URL, ""
    device_release(tank=tank)
    device_register(tank=tank, device_id="dev-3", kind="json")
    settings.MQTT_CONTROL_URL = url
    assert login("dev-1", secret).allowed
    call_command("mosquitto_sync")
    told = capsys.readouterr().out
    assert "1 users, 1 removed" in told
    assert "dev-3" in told
    assert not login("dev-1", secret).allowed
    renewed = device_secret_rotate(device=Device.objects.get(device_id="dev-3"))
    assert login("dev-3", renewed).may_publish("tanks/dev-3/level")
