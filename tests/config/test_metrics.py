"""`/metrics`: what operators watch, for this machine alone."""

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from common.time import utc_now
from iot.ingest import metrics as ingest
from iot.ingest.batch import Message
from iot.ingest.pipeline import Pipeline
from iot.mqtt.heartbeat import BLOCKED, heartbeat_write
from tanks.services.devices import device_register

pytestmark = pytest.mark.django_db


def samples(client):
    answer = client.get("/metrics")
    assert answer.status_code == 200
    found = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            found[sample.name, *sample.labels.values()] = sample.value
    return found


def test_readings_and_refusals_are_counted_by_reason(client, tank):
    device_register(tank=tank, device_id="dev-1", kind="json")
    pipeline = Pipeline()
    bodies = (b'{"level": 50}', b"junk", b"junk", b'{"level": 400}')
    messages = [
        Message(transport="mqtt", topic="tanks/dev-1/level", payload=body, received_at=utc_now())
        for body in bodies
    ]
    pipeline.take(messages)
    pipeline.idle()
    ingest.write()
    found = samples(client)
    assert found["watertanks_ingest_readings_total",] == 1
    assert found["watertanks_ingest_messages_total", "mqtt"] == 4
    assert found["watertanks_ingest_rejected_total", "not_json"] == 2
    assert found["watertanks_ingest_rejected_total", "out_of_range"] == 1
    assert found["watertanks_devices", "online"] == 1
    assert found["watertanks_tanks",] == 1


def test_a_listener_that_cannot_store_shows_here_and_in_readiness(client):
    heartbeat_write(name="one", state=BLOCKED, waiting=4_000, connection=1)
    found = samples(client)
    assert (found["watertanks_listener_blocked", "one"], found["watertanks_listener_waiting", "one"]) == (
        1,
        4000,
    )
    assert client.get("/readyz").json()["checks"]["listener"] == "failing"


def test_nobody_else_may_ask(settings):
    assert Client(REMOTE_ADDR="192.0.2.1").get("/metrics").status_code == 403
    settings.INTERNAL_TOKEN = "watch-the-water"
    token = {"Authorization": "Bearer watch-the-water"}
    assert Client(REMOTE_ADDR="192.0.2.1").get("/metrics", headers=token).status_code == 200
