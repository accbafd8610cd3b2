"""What one was told, and the devices and addresses that are told, through HTTP."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from bson import ObjectId

from common.time import utc_now
from notifications.models import Notification, PushSubscription, WebhookEndpoint
from notifications.services import notify
from tests.factories import NotificationFactory

Api = Callable[..., Any]
DEVICE = {
    "endpoint": "https://push.example.org/send/abc:DEF_1",
    "expirationTime": None,
    "keys": {"p256dh": "BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQ", "auth": "tBHItJI5svbpez7KI4CCXg=="},
}


def test_one_reads_what_one_was_told_newest_first(api: Api, alice: Any, bob: Any, tank: Any) -> None:
    now = utc_now()
    for age in (3, 1, 2):
        row = NotificationFactory(user=alice, message=f"{age} h ago", read=age == 2)
        Notification.objects.filter(pk=row.pk).update(created_at=now - timedelta(hours=age))
    notify(user_id=alice.pk, type="warning", message="low", key="k", related_model="tank", related_id=tank.pk)
    NotificationFactory(user=bob)
    page = api(alice).get("/api/notifications").json()
    assert page["count"] == 4
    assert [row["message"] for row in page["results"]] == ["low", "1 h ago", "2 h ago", "3 h ago"]
    first = page["results"][0]
    assert set(first) == {"id", "userId", "type", "message", "relatedTo", "read", "sentVia", "createdAt"}
    assert first["relatedTo"] == {"model": "tank", "id": str(tank.pk)}
    for read, count in (("true", 1), ("false", 3)):
        assert api(alice).get(f"/api/notifications?read={read}&pageSize=1").json()["count"] == count
    assert api(alice).get("/api/notifications?read=maybe").status_code == 400


def test_one_marks_one_or_all_as_read(api: Api, alice: Any, bob: Any) -> None:
    rows = [NotificationFactory(user=alice) for _ in range(3)]
    theirs = NotificationFactory(user=bob)
    client = api(alice)
    for _ in range(2):
        response = client.patch(f"/api/notifications/{rows[0].pk}/read")
        assert (response.status_code, response.json()["read"]) == (200, True)
    assert client.patch(f"/api/notifications/{theirs.pk}/read").status_code == 404
    assert client.patch(f"/api/notifications/{ObjectId()}/read").status_code == 404
    assert client.patch("/api/notifications/read-all").json() == {"updated": 2}
    assert client.get("/api/notifications?read=false").json()["count"] == 0
    assert Notification.objects.filter(user=bob, read=False).count() == 1


def test_a_device_is_added_once_and_removed(api: Api, alice: Any, bob: Any) -> None:
    client = api(alice)
    ids = {client.post("/api/users/me/push-subscriptions", DEVICE).json()["id"] for _ in range(2)}
    assert len(ids) == 1
    phone = client.post("/api/users/me/push-subscriptions", {"token": "fcm-token:1"})
    assert (phone.status_code, phone.json()["kind"]) == (201, "fcm")
    assert api(bob).delete("/api/users/me/push-subscriptions", DEVICE).status_code == 404
    assert client.delete("/api/users/me/push-subscriptions", DEVICE).status_code == 204
    assert client.delete("/api/users/me/push-subscriptions", DEVICE).status_code == 404
    assert [row.endpoint for row in PushSubscription.objects.all()] == ["fcm-token:1"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"token": ""},
        {"token": 5},
        {"endpoint": DEVICE["endpoint"]},
        {**DEVICE, "endpoint": "https://127.0.0.1/x"},
        {**DEVICE, "endpoint": "http://push.example.org/x"},
        {**DEVICE, "endpoint": "https://u:p@push.example.org/x"},
        {**DEVICE, "keys": {"p256dh": "é", "auth": "x"}},
    ],
)
def test_what_is_no_device_is_refused(api: Api, alice: Any, body: Any) -> None:
    assert api(alice).post("/api/users/me/push-subscriptions", body).status_code == 400
    assert not PushSubscription.objects.exists()


def test_a_webhook_tells_its_secret_once(api: Api, alice: Any, bob: Any) -> None:
    body = {"url": "https://hooks.example.org/in", "events": ["tank.low", "order.status"]}
    client = api(alice)
    made = client.post("/api/webhooks", body)
    assert made.status_code == 201
    assert made.json()["secret"].startswith("whsec_")
    path = f"/api/webhooks/{made.json()['id']}"
    read = client.get(path).json()
    assert "secret" not in read
    assert read["events"] == ["order.status", "tank.low"]
    assert client.get("/api/webhooks").json()["results"] == [read]
    assert client.get(f"{path}/deliveries").json()["count"] == 0
    for method in ("get", "delete"):
        assert getattr(api(bob), method)(path).status_code == 404
    assert api(bob).get(f"{path}/deliveries").status_code == 404
    assert client.delete(path).status_code == 204
    assert not WebhookEndpoint.objects.exists()


@pytest.mark.parametrize(
    "url", ["http://localhost/", "https://10.0.0.1/x", "http://[::1]/", "ftp://a.org", "x"]
)
def test_a_webhook_never_goes_inside(api: Api, alice: Any, url: str) -> None:
    response = api(alice).post("/api/webhooks", {"url": url, "events": ["tank.low"]})
    assert response.status_code == 400
    assert "url" in response.json()["errors"]
