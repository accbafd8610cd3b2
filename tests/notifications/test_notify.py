"""Telling people: once, in the app at once, by their channels when they may be disturbed."""

import json
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from accounts.models import NotificationPreferences, QuietHours, User
from common.time import utc_now
from notifications.models import Notification, PushSubscription
from notifications.services import notify
from notifications.tasks import notification_send, send_due

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(settings, tmp_path):
    settings.OUTBOX_DIR = tmp_path
    settings.EMAIL_BACKEND = "notifications.transports.outbox.OutboxEmailBackend"
    return User.objects.create_user(
        email="alice@example.com",
        password=None,
        name="Alice",
        phone="+15550100",
        notification_preferences=NotificationPreferences(push=True, email=True, sms=True),
    )


def tell(user, **changes):
    return notify(
        **{
            "user_id": user.pk,
            "type": "warning",
            "message": "Roof tank is low: 18 %.",
            "key": "alert:1:open",
            "related_model": "system",
            **changes,
        }
    )


def sms(folder: Path) -> list[dict]:
    file = folder / "sms.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def quiet_now(user: User, *, minutes: int = 60) -> None:
    now = utc_now()
    start, end = now - timedelta(minutes=5), now + timedelta(minutes=minutes)
    user.notification_preferences.quiet_hours = QuietHours(start=f"{start:%H:%M}", end=f"{end:%H:%M}")
    user.save()


def test_the_same_key_is_told_once(alice):
    assert tell(alice) is not None
    assert tell(alice, message="again") is None
    assert [row.message for row in Notification.objects.all()] == ["Roof tank is low: 18 %."]


def test_an_unknown_or_inactive_user_is_not_told(alice):
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert tell(alice) is None
    assert not Notification.objects.exists()


def test_mail_and_sms_go_out_and_are_recorded(alice, settings):
    notification = tell(alice)
    notification_send(str(notification.pk))
    notification.refresh_from_db()
    assert sorted(notification.sent_via) == ["email", "sms"]
    assert (notification.pending, notification.next_at) == (False, None)
    assert [line["to"] for line in sms(settings.OUTBOX_DIR)] == ["+15550100"]
    (mail,) = settings.OUTBOX_DIR.glob("*.eml")
    message = message_from_bytes(mail.read_bytes(), policy=policy.default)
    assert message["Subject"] == "Roof tank is low: 18 %."
    assert message["To"] == "alice@example.com"
    assert f"notification.{notification.pk}@" in message["Message-ID"]
    assert message["List-Unsubscribe"].strip().startswith("<http")
    assert "Roof tank is low" in message.get_body(("plain",)).get_content()
    assert "Roof tank is low" in message.get_body(("html",)).get_content()


def test_sending_twice_sends_once(alice, settings):
    notification = tell(alice)
    for _ in range(3):
        notification_send(str(notification.pk))
    assert len(sms(settings.OUTBOX_DIR)) == 1


def test_a_push_goes_to_every_subscription(alice, settings):
    for endpoint in ("one", "two"):
        PushSubscription.objects.create(user=alice, kind="fcm", endpoint=endpoint)
    notification_send(str(tell(alice).pk))
    lines = [json.loads(line) for line in (settings.OUTBOX_DIR / "push.jsonl").read_text().splitlines()]
    assert [line["to"] for line in lines] == ["one", "two"]
    assert lines[0]["notification"]["relatedTo"] == {"model": "system", "id": None}


def test_quiet_hours_put_off_and_drop_nothing(alice, settings):
    quiet_now(alice)
    notification = tell(alice)
    assert notification.next_at > utc_now() + timedelta(minutes=50)
    notification_send(str(notification.pk))
    assert sms(settings.OUTBOX_DIR) == []
    notification.refresh_from_db()
    assert notification.pending


def test_urgent_matters_ignore_quiet_hours(alice, settings):
    quiet_now(alice)
    notification_send(str(tell(alice, urgent=True).pk))
    assert len(sms(settings.OUTBOX_DIR)) == 1


def test_quiet_hours_set_after_queueing_hold_too(alice, settings):
    notification = tell(alice)
    quiet_now(alice)
    notification_send(str(notification.pk))
    notification.refresh_from_db()
    assert sms(settings.OUTBOX_DIR) == []
    assert notification.next_at > utc_now() + timedelta(minutes=50)


def test_a_channel_switched_off_after_queueing_is_not_used(alice, settings):
    notification = tell(alice)
    alice.notification_preferences.sms = False
    alice.save()
    notification_send(str(notification.pk))
    notification.refresh_from_db()
    assert sms(settings.OUTBOX_DIR) == []
    assert notification.sent_via == ["email"]
    assert not notification.pending


def test_the_sweep_queues_what_is_due(alice, settings, celery_inline):
    notification = tell(alice)
    send_due()
    notification.refresh_from_db()
    assert sorted(notification.sent_via) == ["email", "sms"]
