"""`/api/tanks` as a customer's app sees it."""

from datetime import timedelta

import pytest

from common.time import iso, utc_now
from tanks.models import Alert, Device, Tank

pytestmark = pytest.mark.django_db


def new_tank(client, **fields):
    return client.post("/api/tanks", {"capacity": 10_000, **fields}, format="json")


def test_a_new_tank_reads_as_it_was_told(api, alice):
    made = new_tank(
        api(alice),
        name="Roof",
        lowWaterThreshold=30,
        location={"latitude": 52.5, "longitude": 13.4},
        geometry={"shape": "vertical_cylinder", "heightMm": 2000},
    )
    assert made.status_code == 201
    body = made.json()
    assert body["capacity"] == 10_000
    assert body["userId"] == str(alice.pk)
    assert body["location"] == {"latitude": 52.5, "longitude": 13.4}
    assert body["geometry"] == {
        "shape": "vertical_cylinder",
        "heightMm": 2000,
        "sensorOffsetMm": 0,
        "table": None,
    }
    assert (body["status"], body["deviceStatus"], body["currentLevel"], body["forecast"]) == (
        "unknown",
        "none",
        None,
        None,
    )
    assert api(alice).get(f"/api/tanks/{body['id']}").json() == body
    assert api(alice).get("/api/tanks").json()["results"] == [body]


def test_a_device_is_registered_and_its_secret_told_once(api, alice):
    made = new_tank(api(alice), deviceId="roof-1").json()
    assert len(made["deviceSecret"]) >= 24
    assert "deviceSecret" not in api(alice).get(f"/api/tanks/{made['id']}").json()
    assert made["deviceSecret"] not in str(Device.objects.values().get())


def test_a_device_taken_by_another_makes_no_tank(api, alice, bob):
    new_tank(api(alice), deviceId="roof-1")
    refused = new_tank(api(bob), deviceId="roof-1")
    assert (refused.status_code, refused.json()["code"]) == (409, "device_taken")
    assert Tank.objects.filter(user_id=bob.pk).count() == 0


def test_rotating_gives_another_secret(api, alice):
    made = new_tank(api(alice), deviceId="roof-1").json()
    rotated = api(alice).post(f"/api/tanks/{made['id']}/device/rotate-secret")
    assert rotated.status_code == 200
    assert rotated.json()["deviceSecret"] != made["deviceSecret"]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"capacity": 0}, "capacity"),
        ({"capacity": "5"}, "capacity"),
        ({"lowWaterThreshold": 101}, "lowWaterThreshold"),
        ({"deviceKind": "pigeon"}, "deviceKind"),
        ({"deviceId": "a/#"}, "deviceId"),
        ({"preferredSupplier": "nobody"}, "preferredSupplier"),
        ({"geometry": {"shape": "strapping_table", "heightMm": 2000}}, "geometry"),
        ({"location": {"latitude": 99, "longitude": 0}}, "location.latitude"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(api, alice, fields, named):
    refused = new_tank(api(alice), **fields)
    assert refused.status_code == 400
    assert named in refused.json()["errors"]
    assert Tank.objects.count() == 0


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"lowWaterThreshold": 20, "criticalThreshold": 30}, "thresholds_crossed"),
        (
            {"geometry": {"shape": "strapping_table", "heightMm": 2000, "table": [[0, 9], [5, 8]]}},
            "table_not_increasing",
        ),
    ],
)
def test_what_contradicts_itself_is_a_conflict(api, alice, tank, fields, code):
    for refused in (new_tank(api(alice), **fields), api(alice).patch(f"/api/tanks/{tank.pk}", fields)):
        assert (refused.status_code, refused.json()["code"]) == (409, code)
    assert Tank.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"geometry": {"shape": "rectangular"}}, "geometry.heightMm"),
        ({"geometry": {}}, "geometry.shape"),
        ({"location": {"latitude": 5}}, "location.longitude"),
    ],
)
def test_a_part_is_changed_as_a_whole(api, alice, tank, fields, named):
    refused = api(alice).patch(f"/api/tanks/{tank.pk}", fields)
    assert refused.status_code == 400
    assert named in refused.json()["errors"]
    shape = {"geometry": {"shape": "rectangular", "heightMm": 900}}
    assert api(alice).patch(f"/api/tanks/{tank.pk}", shape).json()["geometry"]["sensorOffsetMm"] == 0


def test_what_only_the_product_knows_is_not_taken_from_a_client(api, alice):
    own = {"id": "5", "userId": "x", "currentLevel": 50, "avgDailyUsage": 9, "status": "low", "colour": "red"}
    made = new_tank(api(alice), **own)
    assert made.status_code == 201
    assert made.json()["currentLevel"] is None
    assert made.json()["userId"] == str(alice.pk)


def test_a_change_leaves_the_rest(api, alice, tank):
    client = api(alice)
    before = client.get(f"/api/tanks/{tank.pk}").json()
    after = client.patch(f"/api/tanks/{tank.pk}", {"name": "Barn"}, format="json").json()
    assert after.pop("updatedAt") >= before.pop("updatedAt")
    assert after == {**before, "name": "Barn"}


def test_deleting_takes_readings_and_device_along(api, alice):
    client = api(alice)
    made = new_tank(client, deviceId="roof-1").json()
    client.post(f"/api/tanks/{made['id']}/levels", {"level": 40}, format="json")
    assert client.delete(f"/api/tanks/{made['id']}").status_code == 204
    assert client.get(f"/api/tanks/{made['id']}").status_code == 404
    assert Device.objects.count() == 0


def test_another_s_tank_is_not_there(api, bob, tank):
    for path in ("", "/levels", "/levels/current", "/alerts"):
        assert api(bob).get(f"/api/tanks/{tank.pk}{path}").status_code == 404


def test_a_manual_level_is_believed_at_once(api, alice, tank):
    client = api(alice)
    assert client.get(f"/api/tanks/{tank.pk}/levels/current").json()["code"] == "no_reading"
    for level in (80, 20):
        told = client.post(f"/api/tanks/{tank.pk}/levels", {"level": level}, format="json")
        assert (told.status_code, told.json()["source"], told.json()["quality"]) == (201, "manual", "good")
    current = client.get(f"/api/tanks/{tank.pk}/levels/current").json()
    assert (current["level"], current["volumeLiters"]) == (20, 2_000)


def test_a_low_manual_level_opens_the_alert_and_a_high_one_closes_it(api, alice, tank):
    client = api(alice)
    client.post(f"/api/tanks/{tank.pk}/levels", {"volumeLiters": 2_000}, format="json")
    body = client.get(f"/api/tanks/{tank.pk}").json()
    assert (body["status"], [alert["kind"] for alert in body["openAlerts"]]) == ("low", ["low"])
    client.post(f"/api/tanks/{tank.pk}/levels", {"level": 90}, format="json")
    assert client.get(f"/api/tanks/{tank.pk}").json()["openAlerts"] == []
    told = client.get(f"/api/tanks/{tank.pk}/alerts").json()["results"]
    assert told[0]["closedAt"] is not None
    assert Alert.objects.count() == 1


@pytest.mark.parametrize("body", [{}, {"level": 5, "volumeLiters": 5}, {"level": 101}])
def test_a_level_that_cannot_be_is_refused(api, alice, tank, body):
    assert api(alice).post(f"/api/tanks/{tank.pk}/levels", body, format="json").status_code == 400


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"volumeLiters": 10_001}, "exceeds_capacity"),
        ({"level": 5, "timestamp": "2099-01-01T00:00:00Z"}, "future_timestamp"),
    ],
)
def test_a_level_that_this_tank_cannot_have_now_is_a_conflict(api, alice, tank, body, code):
    refused = api(alice).post(f"/api/tanks/{tank.pk}/levels", body)
    assert (refused.status_code, refused.json()["code"]) == (409, code)


def test_a_level_is_told_alike_everywhere(api, alice, tank):
    client, path = api(alice), f"/api/tanks/{tank.pk}"
    told = client.post(f"{path}/levels", {"volumeLiters": 3_333.3}).json()
    assert (told["level"], told["volumeLiters"]) == (33.333, 3_333.3)
    assert client.get(f"{path}/levels/current").json() == told
    assert client.get(path).json()["currentLevel"] == told
    assert client.get(f"{path}/levels").json()["results"] == [told]


def history(client, tank, count):
    """`count` manual levels, a minute apart, the newest a minute ago: 50, 51, … percent."""
    start = utc_now() - timedelta(minutes=count)
    for n in range(count):
        body = {"level": 50 + n, "timestamp": iso(start + timedelta(minutes=n))}
        assert client.post(f"/api/tanks/{tank.pk}/levels", body, format="json").status_code == 201


def test_pages_of_levels_join_without_gap_or_repeat(api, alice, tank):
    client = api(alice)
    history(client, tank, 7)
    address, seen = f"/api/tanks/{tank.pk}/levels?limit=3", []
    while address:
        page = client.get(address).json()
        seen += [reading["level"] for reading in page["results"]]
        address = page["next"]
    assert seen == [56, 55, 54, 53, 52, 51, 50]


def test_a_cursor_may_be_the_whole_next_address(api, alice, tank):
    client = api(alice)
    history(client, tank, 4)
    page = client.get(f"/api/tanks/{tank.pk}/levels", {"limit": 2}).json()
    second = client.get(f"/api/tanks/{tank.pk}/levels", {"limit": 2, "cursor": page["next"]}).json()
    assert [reading["level"] for reading in second["results"]] == [51, 50]


def test_days_sum_up_their_readings(api, alice, tank):
    client = api(alice)
    day = utc_now().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=2)
    for hour, level in ((1, 60), (5, 58), (9, 50), (12, 90), (18, 85)):
        client.post(
            f"/api/tanks/{tank.pk}/levels",
            {"level": level, "timestamp": iso(day + timedelta(hours=hour))},
            format="json",
        )
    (told,) = client.get(f"/api/tanks/{tank.pk}/levels?interval=1d").json()["results"]
    assert told["timestamp"] == iso(day)
    assert (told["min"], told["max"], told["last"], told["count"]) == (50, 90, 85, 5)
    assert (told["usageLiters"], told["refillLiters"]) == (1_500, 4_000)


@pytest.mark.parametrize(
    "query", ["from=soon", "interval=1w", "limit=0", "limit=x", "cursor=x", "limit=1001"]
)
def test_a_query_that_cannot_be_is_refused_by_its_name(api, alice, tank, query):
    refused = api(alice).get(f"/api/tanks/{tank.pk}/levels?{query}")
    assert refused.status_code == 400
    assert list(refused.json()["errors"]) == [query.split("=")[0]]


def test_an_unchanged_tank_is_not_sent_again(api, alice, tank):
    client = api(alice)
    etag = client.get(f"/api/tanks/{tank.pk}")["ETag"]
    assert client.get(f"/api/tanks/{tank.pk}", HTTP_IF_NONE_MATCH=etag).status_code == 304
