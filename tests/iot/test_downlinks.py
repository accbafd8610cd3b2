"""What goes down to devices: their settings, and a Sparkplug node asked for its birth certificates."""

import queue

import orjson
import paho.mqtt.client as mqtt
import pytest

from common.time import utc_now
from config.celery import app
from iot.decoders.sparkplug_b.sparkplug_b_pb2 import Payload
from iot.models import RejectedMessage
from tanks.models import Device, TankGeometry
from tanks.services.devices import device_register, device_release
from tests.iot.test_listener import listener, sensor, wait_until  # noqa: F401 — fixtures

pytestmark = pytest.mark.django_db
SECONDS = 5


@pytest.fixture
def worker():
    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = False


@pytest.fixture
def heard(servers):
    """`heard(filter)` → a queue of what is published on it, the retained first."""
    clients = []

    def listen(topic):
        found, ready = queue.Queue(), queue.Queue()
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        client.on_message = lambda _c, _d, m: found.put((m.topic, m.payload, m.retain))
        client.on_subscribe = lambda *_: ready.put(True)
        client.connect("127.0.0.1", servers.mqtt_port)
        client.loop_start()
        client.subscribe(topic, 1)
        ready.get(timeout=SECONDS)
        clients.append(client)
        return found

    yield listen
    for client in clients:
        client.disconnect()
        client.loop_stop()


def test_a_device_finds_its_settings_when_it_connects_and_hears_of_changes(api, alice, tank, worker, heard):
    tank.geometry = TankGeometry(shape="vertical_cylinder", height_mm=1200)
    tank.save()
    device, _ = device_register(tank=tank, device_id="conf-1", kind="json")
    device.settings = {"config": {"reportSeconds": 300}}
    device.save()
    told = heard("tanks/conf-1/config")
    topic, payload, retained = told.get(timeout=SECONDS)
    assert (topic, retained) == ("tanks/conf-1/config", True)
    config = orjson.loads(payload)
    assert (config["capacity"], config["geometry"]["heightMm"], config["reportSeconds"]) == (
        10_000,
        1200,
        300,
    )
    api(alice).patch(f"/api/tanks/{tank.pk}", {"lowWaterThreshold": 40})
    assert orjson.loads(told.get(timeout=SECONDS)[1])["lowWaterThreshold"] == 40
    device_release(tank=tank)
    while payload:
        payload = told.get(timeout=SECONDS)[1]
    assert heard("tanks/conf-1/config").empty()


def test_other_kinds_are_told_nothing(tank, worker, heard):
    told = heard("tanks/+/config")
    device_register(tank=tank, device_id="conf-2", kind="tasmota")
    device_register(tank=tank, device_id="conf-3", kind="json")
    while (found := told.get(timeout=SECONDS))[0] != "tanks/conf-3/config":
        assert found[0] != "tanks/conf-2/config" or not found[1]


def node_data(seq, value):
    payload = Payload(timestamp=int(utc_now().timestamp() * 1000), seq=seq)
    payload.metrics.add(alias=7, datatype=10, double_value=value)
    return payload.SerializeToString()


def test_a_gap_in_a_sparkplug_nodes_sequence_asks_for_its_rebirth(tank, listener, sensor, heard):  # noqa: F811
    device_register(tank=tank, device_id="plant/node1", kind="sparkplug_b")
    Device.objects.filter(device_id="plant/node1").update(settings={"field": "Tank/Level"})
    commands = heard("spBv1.0/plant/NCMD/node1")
    sensor("spBv1.0/plant/NDATA/node1", node_data(5, 50.0))
    topic, payload, _ = commands.get(timeout=SECONDS)
    metric = Payload.FromString(payload).metrics[0]
    assert (topic, metric.name, metric.boolean_value) == (
        "spBv1.0/plant/NCMD/node1",
        "Node Control/Rebirth",
        True,
    )
    birth = Payload(timestamp=int(utc_now().timestamp() * 1000), seq=0)
    birth.metrics.add(name="Tank/Level", alias=7, datatype=10, double_value=61.0)
    sensor("spBv1.0/plant/NBIRTH/node1", birth.SerializeToString())
    sensor("spBv1.0/plant/NDATA/node1", node_data(1, 60.9))
    wait_until(lambda: (tank.refresh_from_db() or tank.current_level) and tank.current_level.level == 60.9)
    assert not RejectedMessage.objects.filter(code="bad_protobuf").exists()
