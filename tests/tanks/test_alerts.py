"""Alerts open once, close once, and are told once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from common.time import utc_now
from notifications.models import Notification
from tanks.models import Alert
from tanks.services.alerts import alert_close, alert_open

pytestmark = pytest.mark.django_db


def open_low(tank, level=20.0):
    return alert_open(
        tank=tank, kind="low", severity="warning", evidence={"level": level}, opened_at=utc_now()
    )


def test_an_alert_tells_the_owner(tank, alice):
    alert = open_low(tank)
    told = Notification.objects.get(user_id=alice.pk)
    assert told.type == "warning"
    assert "20 %" in told.message
    assert Alert.objects.get(pk=alert.pk).notified_at is not None


def test_opening_again_changes_and_tells_nothing(tank):
    open_low(tank)
    assert open_low(tank, level=19) is None
    assert Alert.objects.count() == Notification.objects.count() == 1


def test_of_many_at_once_one_opens(tank):
    with ThreadPoolExecutor(8) as pool:
        opened = [alert for alert in pool.map(lambda _: open_low(tank), range(16)) if alert]
    assert len(opened) == 1
    assert Notification.objects.count() == 1


def test_an_alert_left_untold_by_a_crash_is_told_by_the_next_call(tank):
    Alert.objects.create(
        tank=tank,
        user_id=tank.user_id,
        kind="low",
        severity="warning",
        opened_at=utc_now(),
        evidence={"level": 9},
    )
    assert open_low(tank) is None
    assert Notification.objects.count() == 1


def test_a_closed_alert_may_open_anew(tank):
    open_low(tank)
    assert alert_close(tank=tank, kind="low", closed_at=utc_now())
    assert not alert_close(tank=tank, kind="low", closed_at=utc_now())
    assert open_low(tank) is not None
    assert Alert.objects.filter(is_open=True).count() == 1
