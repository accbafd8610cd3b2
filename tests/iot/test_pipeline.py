"""Messages in, levels out: the pipeline on a real database."""

from datetime import timedelta

import orjson
import pytest

from common.mongo import collection
from common.time import iso, utc_now
from iot.ingest import device_status
from iot.ingest.batch import Message
from iot.ingest.pipeline import Pipeline
from iot.models import RejectedMessage
from notifications.models import Notification
from tanks import readings
from tanks.mind_queue import minds_take
from tanks.models import Alert, Device, Tank, TankGeometry
from tanks.services.device_status import devices_check
from tanks.services.devices import device_register
from tanks.tasks import minds_advance
from tests.factories import TankFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def device(tank):
    return device_register(tank=tank, device_id="dev-1", kind="json")[0]


def message(body, *, device_id="dev-1", at=None, **more):
    payload = body if isinstance(body, bytes) else orjson.dumps(body)
    return Message(
        transport="mqtt",
        topic=f"tanks/{device_id}/level",
        payload=payload,
        received_at=at or utc_now(),
        **more,
    )


def reading(level, minutes_ago=0.0, **more):
    return message({"level": level, "timestamp": iso(utc_now() - timedelta(minutes=minutes_ago)), **more})


def current(tank):
    return collection(Tank).find_one({"_id": tank.pk})["current_level"]


def test_a_reading_is_stored_and_becomes_the_current_level(tank, device):
    Pipeline().take([reading(62.5)])
    (stored,) = readings.newest(tank.series, limit=5)
    assert (stored.level, stored.volume_liters, stored.quality) == (62.5, 6250.0, "good")
    assert current(tank)["level"] == 62.5


def test_a_second_copy_is_counted_and_stored_once(tank, device):
    one = reading(62.5)
    pipeline = Pipeline()
    pipeline.take([one])
    batch = pipeline.take([one, one])
    assert len(batch.duplicates) == 2
    assert len(readings.newest(tank.series, limit=5)) == 1


def test_a_late_reading_is_stored_in_its_place_and_never_becomes_the_level(tank, device):
    pipeline = Pipeline()
    pipeline.take([reading(50, 0)])
    pipeline.take([reading(80, 60)])
    assert [r.level for r in readings.newest(tank.series, limit=5)] == [50, 80]
    assert current(tank)["level"] == 50


def test_a_jump_is_suspect_until_the_next_reading_confirms_it(tank, device):
    pipeline = Pipeline()
    pipeline.take([reading(50, 30)])
    pipeline.take([reading(5, 20)])
    assert current(tank)["level"] == 50
    pipeline.take([reading(5.1, 10)])
    assert current(tank)["level"] == 5.1
    assert [r.quality for r in readings.newest(tank.series, limit=5)] == ["good"] * 3


def test_a_spike_never_raises_an_alert(tank, device):
    pipeline = Pipeline()
    for minutes, level in [(40, 60), (30, 59.8), (20, 3), (10, 59.6)]:
        pipeline.take([reading(level, minutes)])
    assert Alert.objects.count() == 0
    assert [r.quality for r in readings.newest(tank.series, limit=5)] == ["good", "suspect", "good", "good"]


def test_spikes_that_confirmed_each_other_are_suspect_once_the_level_is_back(tank, device):
    pipeline = Pipeline()
    for minutes, level in [(40, 60), (30, 83), (20, 83.2), (10, 59.6)]:
        pipeline.take([reading(level, minutes)])
    assert current(tank)["level"] == 59.6
    assert [r.quality for r in readings.newest(tank.series, limit=5)] == [
        "good",
        "suspect",
        "suspect",
        "good",
    ]


def test_a_low_level_opens_one_alert_and_a_refill_closes_it(tank, device):
    pipeline = Pipeline()
    pipeline.take([reading(27, 50), reading(24, 40)])
    pipeline.take([reading(23.5, 30)])
    assert [(a.kind, a.is_open) for a in Alert.objects.all()] == [("low", True)]
    pipeline.take([reading(90, 20), reading(90, 10)])
    assert [(a.kind, a.is_open) for a in Alert.objects.all()] == [("low", False)]


def test_a_level_that_is_critical_at_once_is_told_once_and_to_the_preferred_supplier(tank, device, sam):
    Tank.objects.filter(pk=tank.pk).update(preferred_supplier=sam.pk)
    pipeline = Pipeline()
    pipeline.take([reading(5)])
    assert set(Alert.objects.filter(is_open=True).values_list("kind", flat=True)) == {"low", "critical"}
    told = list(Notification.objects.values_list("user_id", "message"))
    assert sorted(told) == sorted(
        (one, "Roof tank is critically low: 5 %.") for one in (tank.user_id, sam.pk)
    )
    pipeline.take([reading(80)])
    pipeline.take([reading(81)])
    closed = Notification.objects.exclude(message__contains="critically low")
    assert [one.message for one in closed] == ["Roof tank has enough water again."]


def test_a_low_level_of_the_past_never_alerts(tank, device):
    Pipeline().take([reading(5, 60 * 24)])
    assert current(tank)["level"] == 5
    assert Alert.objects.count() == 0


def test_two_samples_without_a_time_are_two_readings(tank, device):
    now = utc_now()
    Pipeline().take([message({"level": 50}, at=now), message({"level": 50.2}, at=now)])
    assert len(readings.newest(tank.series, limit=5)) == 2


def test_samples_without_a_time_that_are_sent_again_after_a_crash_are_stored_once(tank, device):
    Pipeline().take([message({"level": 62.5}), message({"level": 62.4})])
    again = [message({"level": level}, redelivered=True) for level in (62.5, 62.4, 62.3)]
    batch = Pipeline().take(again)
    assert len(batch.duplicates) == 2
    assert [row.level for row in readings.newest(tank.series, limit=5)] == [62.3, 62.4, 62.5]
    Pipeline().take([message({"level": 62.3})])
    assert len(readings.newest(tank.series, limit=5)) == 4


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (message(b"\xff\x00junk"), "not_json"),
        (message(b"[" * 100_000), "too_deep"),
        (message(b'{"level": NaN}'), "not_json"),
        (message({"level": "12"}), "wrong_type"),
        (message({"level": 12}, device_id="nobody"), "unknown_device"),
        (message({"level": 12, "timestamp": "2090-01-01T00:00:00Z"}), "future_timestamp"),
        (message({"level": 12}, retained=True), "retained"),
        (
            Message(transport="mqtt", topic="foreign/topic", payload=b"{}", received_at=utc_now()),
            "foreign_topic",
        ),
    ],
)
def test_poison_is_kept_with_its_reason_and_stops_nothing(tank, device, sent, code):
    Pipeline().take([sent, reading(44)])
    (kept,) = RejectedMessage.objects.all()
    assert kept.code == code
    assert current(tank)["level"] == 44


def test_what_a_device_tells_again_is_written_seldom_in_a_stream(tank, device, monkeypatch):
    monkeypatch.setattr(device_status, "REST_SECONDS", 60.0)  # batch follows upon batch

    def battery():
        return Device.objects.get(device_id="dev-1").battery_percent

    pipeline = Pipeline(trust_states=True)
    pipeline.take([reading(50, 30, battery=81)])  # online: told, and looked up anew
    for percent in (80, 79):
        pipeline.take([reading(50, 30, battery=percent)])
        pipeline.statuses.write(all_of_it=False)
        assert battery() == 80
    pipeline.idle()
    assert battery() == 79


def test_a_device_is_online_once_heard_with_its_battery_and_interval(tank, device):
    pipeline = Pipeline()
    pipeline.take([reading(50, 30, battery=80), reading(50, 20, rssi=-70), reading(50, 10, temperature=12.5)])
    found = Device.objects.get(device_id="dev-1")
    assert (found.status, found.battery_percent, found.rssi_dbm, found.temperature_c) == (
        "online",
        80,
        -70,
        12.5,
    )
    assert found.interval_seconds == pytest.approx(600, abs=1)


def test_a_changed_capacity_counts_from_the_next_reading(tank, device):
    pipeline = Pipeline(trust_states=True)
    pipeline.take([reading(50, 20)])
    tank.capacity = 2_000
    tank.save()
    pipeline.take([reading(50, 10)])
    assert current(tank)["volume_liters"] == 1_000


def test_two_pipelines_that_share_a_tank_agree_on_its_level(tank, device):
    one, other = Pipeline(trust_states=True), Pipeline(trust_states=True)
    for step, pipeline in enumerate([one, other, one, one, other, other, one]):
        pipeline.take([reading(60 - step * 0.1, 70 - step * 10)])
    assert current(tank)["level"] == pytest.approx(59.4)
    assert {r.quality for r in readings.newest(tank.series, limit=20)} == {"good"}


def silence(device_id="dev-1", **units):
    Device.objects.filter(device_id=device_id).update(last_seen=utc_now() - timedelta(**units))


def test_silence_is_three_of_the_devices_own_intervals_and_at_least_fifteen_minutes(tank, device):
    Pipeline().take([reading(50, 20), reading(50, 10), reading(50)])  # every ten minutes
    silence(minutes=29)
    assert devices_check(now=utc_now()) == 0
    silence(minutes=31)
    assert devices_check(now=utc_now()) == 1
    assert devices_check(now=utc_now()) == 0
    assert Device.objects.get(device_id="dev-1").status == "offline"
    assert [(a.kind, a.is_open) for a in Alert.objects.all()] == [("offline", True)]
    Pipeline().take([reading(50)])
    assert Device.objects.get(device_id="dev-1").status == "online"
    assert [(a.kind, a.is_open) for a in Alert.objects.all()] == [("offline", False)]


def test_a_device_that_goes_and_comes_back_raises_no_alert(tank, device):
    pipeline = Pipeline()
    pipeline.take([reading(50)])
    will = Message(transport="mqtt", topic="tanks/dev-1/status", payload=b"offline", received_at=utc_now())
    pipeline.take([will])
    assert Device.objects.get(device_id="dev-1").status == "offline"
    devices_check(now=utc_now())
    pipeline.take([reading(50)])
    assert Device.objects.get(device_id="dev-1").status == "online"
    assert Alert.objects.count() == 0


def test_repeated_sensor_errors_make_a_device_faulty_until_it_measures_again(tank, device):
    tank.geometry = TankGeometry(shape="vertical_cylinder", height_mm=1000)
    tank.save()
    device.kind = "esphome"
    device.settings = {"field": "level", "unit": "cm", "quantity": "distance"}
    device.save()
    pipeline = Pipeline()

    def state(body):
        topic = "dev-1/sensor/level/state"
        pipeline.take([Message(transport="mqtt", topic=topic, payload=body, received_at=utc_now())])
        return Device.objects.get(device_id="dev-1").status

    assert [state(b"50"), state(b"nan"), state(b"nan"), state(b"nan")] == [
        "online",
        "online",
        "online",
        "faulty",
    ]
    assert [(a.kind, a.is_open) for a in Alert.objects.all()] == [("faulty", True)]
    assert state(b"50.5") == "online"
    assert not Alert.objects.filter(is_open=True).exists()


def test_new_readings_reach_the_tanks_mind_and_copies_do_not(tank, device):
    one = reading(62.5, minutes_ago=20)
    pipeline = Pipeline()
    pipeline.take([reading(62.4, minutes_ago=5), one])
    late = minds_take(limit=10)[tank.pk]
    assert late == readings.to_ms(readings.newest(tank.series, limit=5)[-1].timestamp)
    pipeline.take([reading(62.3)])
    assert minds_take(limit=10) == {tank.pk: None}
    pipeline.take([one])
    assert minds_take(limit=10) == {}


def test_a_worker_makes_a_forecast_of_the_first_readings(tank, device):
    Pipeline().take([reading(62.5, minutes_ago=20), reading(62.4, minutes_ago=5)])
    minds_advance()
    forecast = collection(Tank).find_one({"_id": tank.pk})["forecast"]
    assert forecast["daysRemaining"]["p10"] < forecast["daysRemaining"]["p90"]
    assert forecast["volumeLiters"] == pytest.approx(6245, abs=10)


GAP = {
    "~": "cellar",
    "name": "Distance",
    "stat_t": "~/sensor/gap/state",
    "unit_of_meas": "cm",
    "dev_cla": "distance",
}


@pytest.fixture
def cellar(tank):
    """A tank of a metre, and what sends its ESPHome device's messages through a pipeline."""
    tank.geometry = TankGeometry(shape="vertical_cylinder", height_mm=1000)
    tank.save()
    pipeline = Pipeline()

    def send(topic, body, **more):
        payload = body if isinstance(body, bytes) else orjson.dumps(body)
        one = Message(transport="mqtt", topic=topic, payload=payload, received_at=utc_now(), **more)
        return pipeline.take([one])

    return send


def test_an_announcement_counts_for_a_device_that_is_registered_after_it(tank, cellar):
    """Home Assistant's discovery, retained by the broker, tells the unit that the value comes in."""
    cellar("homeassistant/sensor/cellar/gap/config", GAP, retained=True)
    assert RejectedMessage.objects.get().code == "unknown_device"
    device_register(tank=tank, device_id="cellar", kind="esphome")
    cellar("cellar/sensor/gap/state", b"25")
    assert current(tank)["level"] == 75
    assert Device.objects.get(device_id="cellar").decoder_state["sensors"]


def test_no_device_announces_how_anothers_values_are_read(tank, cellar):
    device_register(tank=tank, device_id="cellar", kind="esphome")
    device_register(tank=TankFactory(), device_id="neighbour", kind="esphome")
    cellar("homeassistant/sensor/cellar/gap/config", GAP)
    cellar("homeassistant/sensor/neighbour/gap/config", GAP | {"unit_of_meas": "mm"})
    refused = RejectedMessage.objects.get()
    assert (refused.code, refused.device_id) == ("foreign_device", "neighbour")
    cellar("cellar/sensor/gap/state", b"25")
    assert current(tank)["level"] == 75


def test_a_retained_announcement_revives_nobody(tank, cellar):
    device_register(tank=tank, device_id="cellar", kind="esphome")
    cellar("homeassistant/sensor/cellar/gap/config", GAP, retained=True)
    cellar("cellar/status", b"offline")
    cellar("homeassistant/sensor/cellar/gap/config", GAP, retained=True)
    assert Device.objects.get(device_id="cellar").status == "offline"
