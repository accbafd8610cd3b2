"""Alerts open once, close once, and are told once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from common.time import utc_now
from notifications.models import Notification
from tanks.detectors.alerts import DAY, AlertBook, Signal
from tanks.models import Alert
from tanks.services.alerts import alert_close, alert_open
from tanks.services.mind_alerts import Told, alerts_follow

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


def test_a_leak_that_has_grown_is_told_as_it_is_now_and_never_as_over(tank, alice):
    began = utc_now().timestamp() - 5 * DAY
    book = AlertBook()

    def follow(signal: Signal, day: int) -> None:
        changed = book.apply(signal, at=began + day * DAY)
        told = Told(tank.pk, dict(book.open), changed, [], is_present=True)
        alerts_follow(told=[told], now=utc_now())

    follow(Signal("leak", True, "info", {"litersPerDay": 20.0}), 0)
    follow(Signal("leak", True, "critical", {"litersPerDay": 400.0}, anew=True), 4)
    small, grown = Alert.objects.filter(tank=tank).order_by("opened_at")
    assert (small.severity, small.is_open, grown.severity, grown.is_open) == ("info", False, "critical", True)
    assert small.closed_at == grown.opened_at
    told = list(Notification.objects.filter(user_id=alice.pk).values_list("message", flat=True))
    assert len(told) == 2
    assert not any("no longer" in message for message in told)

    follow(Signal("leak", False), 5)
    assert not Alert.objects.filter(is_open=True).exists()
    assert Notification.objects.filter(message__contains="no longer").count() == 1
