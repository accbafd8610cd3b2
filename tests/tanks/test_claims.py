"""Devices that ship unowned: made by the batch, labelled, claimed once, given back."""

import csv
import io
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse

from common.errors import DomainError
from iot.broker.access import device_secret_is
from tanks.models import Device
from tanks.services.claims import batch_make, claim_code_make, claim_hash, device_claim
from tanks.services.devices import device_register
from tanks.services.tanks import tank_delete
from tests.factories import TankFactory

pytestmark = pytest.mark.django_db
URL = "/api/devices/claim"


@pytest.fixture
def shipped(db):
    (one,) = batch_make(count=1, kind="tasmota", prefix="wt", batch="spring")
    return one


def claim(client, code, tank):
    return client.post(URL, {"claimCode": code, "tankId": str(tank.pk)})


def test_who_has_the_label_claims_the_device_and_learns_no_secret(api, alice, tank, shipped):
    typed = shipped.claim_code.lower().replace("-", " ")
    answer = claim(api(alice), typed, tank)
    expected = {"deviceId": shipped.device_id, "deviceKind": "tasmota", "tankId": str(tank.pk)}
    assert (answer.status_code, answer.json()) == (200, expected)
    assert api(alice).get(f"/api/tanks/{tank.pk}").json()["deviceId"] == shipped.device_id
    assert device_secret_is(shipped.device_id, shipped.secret)
    assert claim(api(alice), shipped.claim_code, tank).json() == expected


def test_a_claimed_device_is_nobody_elses(api, alice, bob, tank, shipped):
    claim(api(alice), shipped.claim_code, tank)
    theirs = TankFactory(user=bob)
    answer = claim(api(bob), shipped.claim_code, theirs)
    assert (answer.status_code, answer.json()["code"]) == (409, "already_claimed")
    assert claim(api(bob), shipped.claim_code, tank).status_code == 404
    wrong = claim(api(bob), claim_code_make(), theirs)
    assert (wrong.status_code, wrong.json()["code"]) == (404, "unknown_claim_code")
    taken = api(bob).post("/api/tanks", {"capacity": 1000, "deviceId": shipped.device_id})
    assert (taken.status_code, taken.json()["code"]) == (409, "device_taken")


def test_its_readings_count_from_the_claim_on(api, alice, tank, shipped, client):
    def post():
        return client.post(
            "/api/iot/water-level",
            {"level": 50},
            content_type="application/json",
            headers={"Authorization": f"Device {shipped.device_id}:{shipped.secret}"},
        ).json()

    assert post()["rejected"][0]["code"] == "unclaimed_device"
    claim(api(alice), shipped.claim_code, tank)
    assert post()["accepted"] == 1


@pytest.mark.parametrize("given_back", ["released", "replaced", "deleted"])
def test_a_device_given_back_can_be_claimed_by_its_label_again(api, alice, bob, tank, shipped, given_back):
    claim(api(alice), shipped.claim_code, tank)
    if given_back == "released":
        assert api(alice).patch(f"/api/tanks/{tank.pk}", {"deviceId": None}).status_code == 200
    elif given_back == "replaced":
        device_register(tank=tank, device_id="other", kind="json")
    else:
        tank_delete(tank=tank)
    assert Device.objects.get(device_id=shipped.device_id).tank_id is None
    theirs = TankFactory(user=bob)
    assert claim(api(bob), shipped.claim_code, theirs).status_code == 200
    assert device_secret_is(shipped.device_id, shipped.secret)


def test_a_claimed_device_takes_the_place_of_another(api, alice, tank, shipped):
    device_register(tank=tank, device_id="old", kind="json")
    claim(api(alice), shipped.claim_code, tank)
    device = Device.objects.get(tank_id=tank.pk)
    assert (device.device_id, device.slot) == (shipped.device_id, 2)


def test_of_many_claims_at_once_one_wins(shipped):
    tanks = [TankFactory() for _ in range(8)]

    def attempt(tank):
        try:
            return bool(device_claim(tank=tank, code=shipped.claim_code))
        except DomainError as error:
            return error.code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(attempt, tanks))
    assert sorted(map(str, results)) == ["True"] + ["already_claimed"] * 7


def test_a_code_is_read_as_people_misread_it():
    assert claim_hash("O1I-l") == claim_hash("0111")
    assert claim_hash("0110") != claim_hash("0111")


def table(response):
    packed = zipfile.ZipFile(io.BytesIO(response.content))
    rows = list(csv.DictReader(io.StringIO(packed.read("devices.csv").decode())))
    return rows, packed.read("labels.html").decode() if "labels.html" in packed.namelist() else ""


@pytest.fixture
def operator(client, ada):
    client.force_login(ada)
    return client


def address():
    return reverse("admin:tanks_device_register_many")


def test_an_operator_makes_a_batch_with_labels(operator, api, alice, tank):
    assert b"Make a batch to ship" in operator.get(address()).content
    assert b"register" in operator.get(reverse("admin:tanks_device_changelist")).content
    sent = {
        "form": "batch",
        "batch-count": 3,
        "batch-kind": "json",
        "batch-names": "wt",
        "batch-batch": "May",
    }
    response = operator.post(address(), sent)
    assert (response.status_code, response["Content-Type"]) == (200, "application/zip")
    rows, labels = table(response)
    assert len(rows) == 3 == labels.count("<svg")
    assert all(row["claimCode"] in labels and row["deviceSecret"] not in labels for row in rows)
    assert Device.objects.filter(batch="May", tank_id=None).count() == 3
    assert claim(api(alice), rows[1]["claimCode"], tank).status_code == 200


def test_an_operator_registers_from_a_file_and_is_told_of_each_row(operator, tank):
    device_register(tank=TankFactory(), device_id="taken", kind="json")
    text = (
        "deviceId,kind,tankId,secret\n"
        f"a1,tasmota,{tank.pk},\n"
        "a2,,,a-secret-of-its-maker\n"
        "taken,json,,\nbad#id,json,,\na3,fax,,\na4,json,66f0c1d2e3a4b5c6d7e8f901,\na5,json,,short\n"
    )
    file = SimpleUploadedFile("devices.csv", text.encode(), "text/csv")
    rows, labels = table(operator.post(address(), {"form": "file", "file-file": file}))
    problems = ["", "", "registered already", "not a device id", "unknown kind 'fax'", "no such tank"]
    assert [row["problem"] for row in rows[:6]] == problems
    assert rows[6]["problem"].startswith("a secret has")
    assert labels.count("<svg") == 1
    assert device_secret_is("a1", rows[0]["deviceSecret"])
    assert device_secret_is("a2", "a-secret-of-its-maker")
    assert Device.objects.get(device_id="a1").tank_id == tank.pk
    assert Device.objects.get(device_id="a2").tank_id is None


@pytest.mark.parametrize(
    "sent", [{"form": "batch", "batch-count": 0}, {"form": "file"}, {"form": "neither"}, {}]
)
def test_a_bad_form_makes_nothing(operator, sent):
    assert operator.post(address(), sent).status_code == 200
    file = SimpleUploadedFile("x.csv", b"\xff\xfe", "text/csv")
    assert operator.post(address(), {"form": "file", "file-file": file}).status_code == 200
    assert not Device.objects.exists()


def test_customers_cannot_register_by_the_batch(client, alice):
    client.force_login(alice)
    assert client.post(address(), {"form": "batch", "batch-count": 3}).status_code == 302
    assert not Device.objects.exists()
