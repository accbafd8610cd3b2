"""A tank's use and alerts as its owner's app reads and answers them."""

from datetime import timedelta

import pytest

from common.time import iso, utc_now
from tanks.models import Alert
from tanks.services.alerts import alert_close, alert_open
from tanks.services.minds import minds_advance
from tests.tanks.test_minds import store
from tests.tanks.water import DAY, MONDAY, Household

pytestmark = pytest.mark.django_db


@pytest.fixture
def lived(tank):
    """Alice's tank after sixteen days at home, the last of them yesterday."""
    tank.capacity = 4_000.0
    tank.save()
    times, levels = Household(days=16, refills=[(6.4, 2400), (12.4, 2450)]).readings()
    now = utc_now()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
    store(tank, times - MONDAY + midnight - 16 * DAY, levels)
    minds_advance(touched={tank.pk: None}, now=now)
    return tank


@pytest.fixture
def leak(tank):
    return alert_open(
        tank=tank, kind="leak", severity="warning", evidence={"litersPerDay": 90}, opened_at=utc_now()
    )


def test_use_is_told_by_day_with_habits_and_refills(api, alice, lived):
    body = api(alice).get(f"/api/tanks/{lived.pk}/usage?days=10").json()
    days = [day["date"] for day in body["daily"]]
    assert days == sorted(days, reverse=True)
    assert 9 <= len(days) <= 10
    assert body["average"] == pytest.approx(430, rel=0.1)
    assert body["average"] == pytest.approx(sum(d["liters"] for d in body["daily"]) / len(days), abs=0.1)
    assert len(body["weekdayProfile"]) == 7
    assert sum(body["hourProfile"]) == pytest.approx(body["average"], rel=0.01)
    assert body["nightFlow"] < 3
    assert body["refills"][0]["liters"] == pytest.approx(2450, rel=0.02)
    assert body["refills"][0]["orderId"] is None
    assert len(api(alice).get(f"/api/tanks/{lived.pk}/usage").json()["refills"]) == 2


def test_the_tank_tells_its_average_use_and_when_it_will_be_empty(api, alice, lived):
    body = api(alice).get(f"/api/tanks/{lived.pk}").json()
    assert body["avgDailyUsage"] == pytest.approx(430, rel=0.1)
    days, times = body["forecast"]["daysRemaining"], body["forecast"]["runsOutAt"]
    assert set(body["forecast"]) == {"daysRemaining", "runsOutAt"}
    assert days["p10"] <= days["p50"] <= days["p90"]
    assert iso(utc_now()) < times["p50"] <= times["p90"]


def test_a_tank_never_read_has_no_use(api, alice, tank):
    assert api(alice).get(f"/api/tanks/{tank.pk}/usage").json() == {
        "timezone": "UTC",
        "average": None,
        "daily": [],
        "weekdayProfile": [],
        "hourProfile": [],
        "nightFlow": None,
        "refills": [],
    }


@pytest.mark.parametrize("days", ["0", "91", "x", "-1", "", "3.5", "٣"])
def test_days_are_a_whole_number_from_1_to_90(api, alice, tank, days):
    answer = api(alice).get(f"/api/tanks/{tank.pk}/usage", {"days": days})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["days"])


def test_an_alert_is_acknowledged_once_for_all(api, alice, tank, leak):
    path = f"/api/tanks/{tank.pk}/alerts/{leak.pk}/acknowledge"
    first = api(alice).post(path)
    assert first.status_code == 200
    assert first.json()["acknowledgedAt"] is not None
    assert first.json()["evidence"] == {"litersPerDay": 90}
    assert api(alice).post(path).json()["acknowledgedAt"] == first.json()["acknowledgedAt"]


def test_an_alert_is_snoozed_until_a_time_to_come(api, alice, tank, leak):
    path = f"/api/tanks/{tank.pk}/alerts/{leak.pk}/snooze"
    until = iso(utc_now() + timedelta(days=2))
    assert api(alice).post(path, {"until": until}, format="json").json()["snoozedUntil"] == until
    for wrong in (iso(utc_now() - timedelta(minutes=1)), iso(utc_now() + timedelta(days=91)), "soon", None):
        refused = api(alice).post(path, {"until": wrong}, format="json")
        assert (refused.status_code, list(refused.json()["errors"])) == (400, ["until"])
    assert iso(Alert.objects.get(pk=leak.pk).snoozed_until) == until


def test_a_closed_alert_cannot_be_answered(api, alice, tank, leak):
    alert_close(tank=tank, kind="leak", closed_at=utc_now())
    refused = api(alice).post(f"/api/tanks/{tank.pk}/alerts/{leak.pk}/acknowledge")
    assert (refused.status_code, refused.json()["code"]) == (409, "alert_closed")


def test_an_alert_answers_only_by_its_own_tank(api, alice, tank, leak):
    from tests.factories import TankFactory

    other = TankFactory(user=alice)
    assert api(alice).post(f"/api/tanks/{other.pk}/alerts/{leak.pk}/acknowledge").status_code == 404


def test_pauses_and_a_monthly_limit_are_kept(api, alice, tank):
    address = f"/api/tanks/{tank.pk}"
    pauses = [{"from": "2026-12-20", "to": "2027-01-03"}]
    body = (
        api(alice).patch(address, {"orderPauses": pauses, "monthlyOrderLimit": 9_000}, format="json").json()
    )
    assert (body["orderPauses"], body["monthlyOrderLimit"]) == (pauses, 9_000)
    turned = [{"from": "2027-01-03", "to": "2026-12-20"}]
    assert api(alice).patch(address, {"orderPauses": turned}, format="json").json()["orderPauses"] == pauses
    for wrong in ([{"from": "2026-12-20"}], [{"from": "20261220", "to": "2026-12-21"}], "never", [{}]):
        assert api(alice).patch(address, {"orderPauses": wrong}, format="json").status_code == 400
    body = api(alice).patch(address, {"orderPauses": [], "monthlyOrderLimit": None}, format="json").json()
    assert (body["orderPauses"], body["monthlyOrderLimit"]) == ([], None)
