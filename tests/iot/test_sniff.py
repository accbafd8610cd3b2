"""Unknown devices found on the broker, and said what they are."""

import threading
import time

import paho.mqtt.client as mqtt
import pytest
from django.core.management import call_command

from iot.sniff import Sniffer
from tanks.services.devices import device_register

pytestmark = pytest.mark.django_db
TASMOTA = b'{"Time":"2026-01-01T22:42:35","SR04":{"Distance":16.754}}'


def test_an_unknown_topic_tells_its_decoder_field_unit_and_direction():
    line = Sniffer().hear("tele/kitchen/SENSOR", TASMOTA).line()
    assert line == (
        "tele/kitchen/SENSOR  tasmota, device kitchen: field SR04.Distance, distance 16.754 cm (97% sure)"
    )
    line = Sniffer().hear("farm/tank7", b'{"depth_m": 1.5}').line()
    assert line.startswith("farm/tank7  json: field depth_m, depth 1.5 m")
    assert "no level in it: '\\\\xff\\x01'" in Sniffer().hear("x", b"\xff\x01").line()


def test_a_registered_device_is_named_and_each_topic_told_once(tank):
    device_register(tank=tank, device_id="kitchen", kind="tasmota")
    sniffer = Sniffer()
    assert sniffer.hear("tele/kitchen/SENSOR", TASMOTA).device_id == "kitchen"
    assert sniffer.hear("tele/kitchen/SENSOR", TASMOTA) is None
    assert sniffer.hear("tele/attic/STATE", b"{}").guess is None
    assert sniffer.hear("tele/attic/STATE", b"{}") is None


def test_the_command_listens_and_leaves_registered_devices_out(tank, servers, capsys):
    device_register(tank=tank, device_id="known", kind="tasmota")
    sensor = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    sensor.connect("127.0.0.1", servers.mqtt_port)
    sensor.loop_start()
    over = threading.Event()

    def publish():
        while not over.wait(0.1):
            for name in ("known", "attic"):
                sensor.publish(f"tele/{name}/SENSOR", TASMOTA, qos=1)

    publishing = threading.Thread(target=publish)
    publishing.start()
    begun = time.monotonic()
    call_command("mqtt_sniff", url=servers.mqtt_url, seconds=1.5)
    over.set()
    publishing.join()
    sensor.disconnect()
    sensor.loop_stop()
    told = capsys.readouterr().out
    assert time.monotonic() - begun < 5
    assert "tele/attic/SENSOR  tasmota, device attic" in told
    assert "known" not in told
    assert "1 topics shown" in told
