"""Outside systems hear of devices and tanks from the live path itself."""

from datetime import timedelta

import orjson
import pytest
from standardwebhooks import Webhook

from common.time import iso, utc_now
from iot.ingest.batch import Message
from iot.ingest.pipeline import Pipeline
from notifications.models import WebhookDelivery, WebhookEvent
from notifications.webhooks.dispatch import due_ids, webhook_dispatch
from notifications.webhooks.services import endpoint_create
from tanks.models import Alert, Device
from tanks.services.device_status import devices_check
from tanks.services.devices import device_register
from tanks.tasks import minds_advance
from tests.tanks.water import Household

pytestmark = pytest.mark.django_db

LEAKING = Household(days=16, refills=[(6.4, 2400), (12.4, 2450)], leak=(12.0, 200.0))


@pytest.fixture
def told(alice):
    """The events queued for alice's webhook since last asked, oldest first."""
    events = [event.value for event in WebhookEvent]
    endpoint_create(user_id=alice.pk, url="https://hooks.example.org/all", events=events)
    seen = set()

    def news():
        rows = [row for row in WebhookDelivery.objects.order_by("pk") if row.pk not in seen]
        seen.update(row.pk for row in rows)
        return [orjson.loads(row.body) for row in rows]

    return news


def message(topic, payload):
    body = payload if isinstance(payload, bytes) else orjson.dumps(payload)
    return Message(transport="mqtt", topic=topic, payload=body, received_at=utc_now())


def level(percent, minutes_ago=0):
    return level_at(utc_now() - timedelta(minutes=minutes_ago), percent)


def level_at(at, percent):
    return message("tanks/dev-1/level", {"level": float(percent), "timestamp": iso(at)})


def types(events):
    return [event["type"] for event in events]


def test_a_devices_coming_going_and_a_low_tank_are_told_once_each(tank, told):
    device_register(tank=tank, device_id="dev-1", kind="json")
    pipeline = Pipeline()
    pipeline.take([level(50, 30), level(49.9, 20)])
    (online,) = told()
    assert online["type"] == "device.online"
    assert online["data"]["deviceId"] == "dev-1"
    assert online["data"]["tankId"] == str(tank.pk)
    pipeline.take([level(24, 10), level(23.9)])
    (low,) = told()
    assert (low["type"], low["data"]["kind"], low["data"]["tankId"]) == ("tank.low", "low", str(tank.pk))
    pipeline.take([message("tanks/dev-1/status", b"offline"), message("tanks/dev-1/status", b"offline")])
    assert types(told()) == ["device.offline"]
    pipeline.take([level(23.8), level(23.7)])
    assert types(told()) == ["device.online"]


def test_silence_and_repeated_sensor_errors_are_told(tank, told):
    device_register(tank=tank, device_id="dev-2", kind="esphome")
    Device.objects.filter(device_id="dev-2").update(
        settings={"field": "level", "unit": "percent", "quantity": "level"}
    )
    pipeline = Pipeline()
    for body in (b"50", b"nan", b"nan", b"nan"):
        pipeline.take([message("dev-2/sensor/level/state", body)])
    assert types(told()) == ["device.online", "device.faulty"]
    Device.objects.filter(device_id="dev-2").update(last_seen=utc_now() - timedelta(hours=1))
    devices_check(now=utc_now())
    devices_check(now=utc_now())
    assert types(told()) == ["device.offline"]


def test_a_leak_that_the_tanks_mind_finds_in_the_readings_is_posted_signed(tank, alice, receiver, settings):
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    hook = endpoint_create(user_id=alice.pk, url=receiver.url, events=["tank.leak"])
    tank.capacity = LEAKING.capacity
    tank.save()
    device_register(tank=tank, device_id="dev-1", kind="json")
    times, levels = LEAKING.readings()
    now = utc_now()
    begin = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=LEAKING.days - 1)
    lived = zip((begin + timedelta(seconds=at - times[0]) for at in times), levels, strict=True)
    sent = [level_at(at, percent) for at, percent in lived if at < now]
    pipeline = Pipeline()
    for first in range(0, len(sent), 500):
        pipeline.take(sent[first : first + 500])
    minds_advance()
    assert [alert.kind for alert in Alert.objects.filter(kind="leak")] == ["leak"]
    for delivery_id in due_ids():
        webhook_dispatch(delivery_id=delivery_id)
    ((headers, body),) = receiver.received
    told = Webhook(hook.secret).verify(body, headers)
    assert (told["type"], told["data"]["tankId"]) == ("tank.leak", str(tank.pk))
    assert told["data"]["evidence"]["litersPerDay"] == pytest.approx(200, rel=0.3)


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        (None, "none"),
        ("registered", "offline"),
        ("online", "online"),
        ("offline", "offline"),
        ("faulty", "faulty"),
    ],
)
def test_the_api_shows_how_the_device_fares(api, alice, tank, status, shown):
    if status:
        device_register(tank=tank, device_id="dev-3", kind="json")
        Device.objects.filter(device_id="dev-3").update(status=status)
    assert api(alice).get(f"/api/tanks/{tank.pk}").json()["deviceStatus"] == shown
