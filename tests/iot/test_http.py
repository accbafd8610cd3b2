"""Readings over HTTP: posted by devices, pushed by LoRaWAN servers; payloads explained before anything is saved."""

import base64
import time
from datetime import timedelta

import orjson
import pytest
from rest_framework.test import APIClient

from common.mongo import collection
from common.time import iso, utc_now
from iot.ingest import metrics
from iot.models import Gateway, RejectedMessage
from iot.services.gateways import gateway_secret_renew
from tanks import readings
from tanks.models import Device, Tank, TankGeometry
from tanks.services.devices import device_register, device_secret_rotate

pytestmark = pytest.mark.django_db
URL = "/api/iot/water-level"


@pytest.fixture
def secret(tank):
    return device_register(tank=tank, device_id="dev-1", kind="json")[1]


def as_device(device_id, secret, **more):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Device {device_id}:{secret}", **more)
    return client


def ago(**units):
    return iso(utc_now() - timedelta(**units))


def post(client, body, url=URL, **more):
    data = body if isinstance(body, (bytes, str)) else orjson.dumps(body)
    return client.post(url, data=data, content_type="application/json", **more)


def test_a_posted_reading_becomes_the_current_level(tank, secret):
    answer = post(as_device("dev-1", secret), {"level": 61.5, "timestamp": ago(minutes=1), "battery": 90})
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1, "duplicates": 0, "rejected": []})
    assert collection(Tank).find_one({"_id": tank.pk})["current_level"]["level"] == 61.5
    device = Device.objects.get(device_id="dev-1")
    assert (device.status, device.battery_percent) == ("online", 90)


def test_what_was_posted_is_counted_within_a_moment(tank, secret):
    before = metrics.read().get("readings", 0)
    post(as_device("dev-1", secret), [{"level": 61.5, "timestamp": ago(minutes=n)} for n in (1, 2, 3)])
    deadline = time.monotonic() + 5 * metrics.WRITE_SECONDS
    while metrics.read().get("readings", 0) < before + 3:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_an_array_counts_duplicates_and_says_what_is_wrong_with_each_bad_item(tank, secret):
    at = ago(minutes=5)
    body = [
        {"level": 50, "timestamp": at},
        {"level": 50, "timestamp": at},
        {"level": "high"},
        {"level": 40, "timestamp": iso(utc_now() + timedelta(hours=1))},
        {"level": 41, "timestamp": "yesterday"},
        7,
        {"volumeLiters": 5100, "timestamp": ago(minutes=4)},
        {"distanceMm": 100},
    ]
    answer = post(as_device("dev-1", secret), body).json()
    assert (answer["accepted"], answer["duplicates"]) == (2, 1)
    assert [(r["index"], r["code"]) for r in answer["rejected"]] == [
        (2, "wrong_type"),
        (3, "future_timestamp"),
        (4, "not_a_time"),
        (5, "wrong_type"),
        (7, "geometry_missing"),
    ]
    assert RejectedMessage.objects.count() == 5
    assert len(readings.newest(tank.series, limit=10)) == 2


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Device",
        "Device dev-1",
        "Device dev-1:",
        "Device dev-1:wrong",
        "Device nobody:x",
        "Bearer abc",
        "Device \xff:\xfe",
    ],
)
def test_bad_credentials_are_refused_with_a_challenge(tank, secret, authorization):
    client = APIClient()
    if authorization:
        client.credentials(HTTP_AUTHORIZATION=authorization)
    answer = post(client, {"level": 50})
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Device")
    assert answer["Content-Type"] == "application/problem+json"


def test_a_rotated_secret_overlaps_and_then_only_the_new_one_works(tank, secret):
    assert post(as_device("dev-1", secret), {"level": 50}).status_code == 202
    new = device_secret_rotate(device=Device.objects.get(device_id="dev-1"))
    assert post(as_device("dev-1", secret), {"level": 50}).status_code == 202
    assert post(as_device("dev-1", new), {"level": 50}).status_code == 202
    device = Device.objects.get(device_id="dev-1")
    device.previous_secret_until = utc_now() - timedelta(seconds=1)
    device.save()
    assert post(as_device("dev-1", secret), {"level": 50}).status_code == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 400), (b"{", 400), (b"\xff\xfe", 400), (b"null", 400), (b"[]", 400), (b'"x"', 400),
     (b"[" * 5_000, 400), (b"[{}" + b",{}" * 1_000 + b"]", 400), (b" " * (1024 * 1024 + 1), 413),
     (b"[" + b"[]," * 500 + b"[]]", 202), (b'{"level": NaN}', 400), (b'{"level": 1e999}', 400)],
)  # fmt: skip
def test_no_body_is_a_server_error(tank, secret, body, status):
    assert post(as_device("dev-1", secret), body).status_code == status


def test_only_json_is_taken(tank, secret):
    answer = as_device("dev-1", secret).post(URL, data="level=5", content_type="text/plain")
    assert answer.status_code == 415


def test_the_same_idempotency_key_gives_the_first_answer_again(tank, secret):
    client = as_device("dev-1", secret)
    first = post(client, {"level": 50}, HTTP_IDEMPOTENCY_KEY="k1")
    again = post(client, {"level": 50}, HTTP_IDEMPOTENCY_KEY="k1")
    other = post(client, {"level": 51}, HTTP_IDEMPOTENCY_KEY="k1")
    assert first.json() == again.json()
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len(readings.newest(tank.series, limit=10)) == 1


def test_a_device_is_held_to_its_own_limit(tank, secret, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "device": 3}
    client = as_device("dev-1", secret)
    statuses = [post(client, {"level": 50}).status_code for _ in range(4)]
    assert statuses == [202, 202, 202, 429]


def ttn(device_id, payload):
    return {
        "end_device_ids": {"device_id": device_id, "application_ids": {"application_id": "a"}},
        "received_at": iso(utc_now()),
        "uplink_message": {"f_port": 85, "f_cnt": 7, "frm_payload": base64.b64encode(payload).decode()},
    }


@pytest.fixture
def lorawan(tank):
    tank.geometry = TankGeometry(shape="vertical_cylinder", height_mm=1000)
    tank.save()
    return device_register(tank=tank, device_id="udl-1", kind="milesight_em500_udl")[1]


def test_a_gateway_brings_any_devices_uplink_and_a_device_only_its_own(tank, lorawan):
    gateway = Gateway.objects.create(gateway_id="ttn-eu")
    uplink = ttn("udl-1", bytes.fromhex("01756403821E00"))
    renewed = gateway_secret_renew(gateway=gateway)
    for client in (as_device("ttn-eu", renewed), as_device("udl-1", lorawan)):
        answer = post(client, uplink, "/api/iot/webhooks/ttn")
        assert answer.status_code == 202, answer.json()
    level = collection(Tank).find_one({"_id": tank.pk})["current_level"]
    assert level["level"] == pytest.approx(97.0)
    foreign = post(as_device("udl-1", lorawan), ttn("udl-2", b"\x01"), "/api/iot/webhooks/ttn").json()
    assert foreign["rejected"][0]["code"] in ("foreign_device", "unknown_device", "unknown_model")
    assert post(as_device("ttn-eu", renewed), {"level": 5}).status_code == 401
    gateway.active = False
    gateway.save()
    assert post(as_device("ttn-eu", renewed), uplink, "/api/iot/webhooks/ttn").status_code == 401


def test_a_chirpstack_event_is_taken(tank, lorawan):
    event = {
        "time": iso(utc_now()),
        "deviceInfo": {"devEui": "udl-1"},
        "fCnt": 3,
        "fPort": 85,
        "data": "AXVkA4IeAA==",
    }
    answer = post(as_device("udl-1", lorawan), event, "/api/iot/webhooks/chirpstack")
    assert answer.json()["accepted"] == 1


def test_a_pasted_payload_is_explained_with_the_level_it_would_give(api, alice, bob, tank, lorawan):
    body = {"payload": '{"distance_cm": 25}', "tankId": str(tank.pk)}
    best = api(alice).post("/api/iot/infer", body, format="json").json()["results"][0]
    assert (best["quantity"], best["unit"], best["level"], best["volumeLiters"]) == (
        "distance",
        "cm",
        75.0,
        7500.0,
    )
    assert not readings.newest(tank.series, limit=1)
    assert api(bob).post("/api/iot/infer", body, format="json").status_code == 404
    assert api().post("/api/iot/infer", body, format="json").status_code == 401


@pytest.mark.parametrize(
    "telemetry",
    [
        {"level": 61.5},
        {"ts": 1451649600512, "values": {"level": 61.5}},
        [{"ts": 1451649600512, "values": {"level": 60}}, {"ts": 1451649601512, "values": {"level": 61.5}}],
    ],
)
def test_a_device_made_for_thingsboard_posts_where_it_would_there(tank, telemetry):
    _, secret = device_register(tank=tank, device_id="tb:1", kind="thingsboard")
    answer = post(APIClient(), telemetry, f"/api/v1/tb:1:{secret}/telemetry")
    assert (answer.status_code, answer.json()["rejected"]) == (200, [])
    assert collection(Tank).find_one({"_id": tank.pk})["current_level"]["level"] == 61.5


def test_thingsboards_address_takes_no_other_token_and_no_junk(tank):
    _, secret = device_register(tank=tank, device_id="tb-1", kind="thingsboard")
    for token in ("tb-1:wrong", secret, f":{secret}", f"tb-2:{secret}", "x" * 600):
        assert post(APIClient(), {"level": 5}, f"/api/v1/{token}/telemetry").status_code == 401
    for body in (b"", b"{", b"[" * 5_000, b"7"):
        assert post(APIClient(), body, f"/api/v1/tb-1:{secret}/telemetry").status_code == 400
