"""A tank's device over the API: how it fares, and how its payloads are read."""

import orjson
import pytest

from common.time import utc_now
from iot.ingest.batch import Message
from iot.ingest.pipeline import Pipeline
from tanks.models import TankGeometry
from tanks.services.devices import device_register

pytestmark = pytest.mark.django_db


def test_a_payload_inferred_and_saved_becomes_levels(api, alice, tank):
    tank.geometry = TankGeometry(shape="rectangular", height_mm=2000)
    tank.save()
    device_register(tank=tank, device_id="dev-1", kind="json")
    payload = {"sensor": {"reading": 150}, "batt": 81}
    url = f"/api/tanks/{tank.pk}/device"
    pasted = {"payload": orjson.dumps(payload).decode(), "topic": "tanks/dev-1/level", "tankId": str(tank.pk)}
    results = api(alice).post("/api/iot/infer", pasted).json()["results"]
    (guess,) = [one for one in results if (one["quantity"], one["unit"]) == ("depth", "cm")]
    assert (guess["field"], guess["level"]) == ("sensor.reading", 75)
    answer = api(alice).patch(url, guess["settings"])
    assert (answer.status_code, answer.json()["settings"]) == (200, guess["settings"])
    message = Message(
        transport="mqtt", topic="tanks/dev-1/level", payload=orjson.dumps(payload), received_at=utc_now()
    )
    Pipeline().take([message])
    told = api(alice).get(url).json()
    assert (told["status"], told["deviceId"], told["lastSeen"][-1]) == ("online", "dev-1", "Z")
    assert api(alice).get(f"/api/tanks/{tank.pk}").json()["currentLevel"]["level"] == 75
    assert "unit" not in api(alice).patch(url, {"unit": None}).json()["settings"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"unit": "furlong"}, "unit"),
        ({"unit": "l", "quantity": "depth"}, "unit"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"field": 5}, "field"),
    ],
)
def test_settings_that_cannot_be_are_refused(api, alice, tank, body, field):
    device_register(tank=tank, device_id="dev-1", kind="json")
    url = f"/api/tanks/{tank.pk}/device"
    answer = api(alice).patch(url, body)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert api(alice).patch(url, {"unit": "l"}).status_code == 200
    assert api(alice).patch(url, {"quantity": "depth"}).status_code == 400


def test_a_tank_without_a_device_and_anothers_tank_have_none(api, alice, bob, tank):
    url = f"/api/tanks/{tank.pk}/device"
    assert api(alice).get(url).json()["code"] == "no_device"
    device_register(tank=tank, device_id="dev-1", kind="json")
    assert api(bob).get(url).status_code == 404
    assert api(bob).patch(url, {"unit": "cm"}).status_code == 404
