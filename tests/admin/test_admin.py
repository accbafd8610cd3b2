"""The operators' admin: every page of every model opens, and none tells a secret."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.db.models import BooleanField, CharField, Model
from django.test import Client
from django.urls import reverse
from django_mongodb_backend.models import EmbeddedModel

from common.time import utc_now
from tests.factories import NotificationFactory, RefreshFamilyFactory

pytestmark = pytest.mark.django_db

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
SECRET = "5ec3e7" * 6


@pytest.fixture
def operator(client: Client, ada: Any) -> Client:
    client.force_login(ada)
    return client


@pytest.fixture
def world(ada: Any, alice: Any, sam: Any, tank: Any) -> None:
    """One of everything, with SECRET wherever a secret is kept."""
    from django.contrib.admin.models import LogEntry
    from django_celery_beat.models import (
        ClockedSchedule,
        CrontabSchedule,
        IntervalSchedule,
        PeriodicTask,
        SolarSchedule,
    )

    from accounts.models import User
    from iot.models import Gateway, RejectedMessage
    from notifications.models import PushSubscription, WebhookDelivery, WebhookEndpoint
    from orders.services import order_place
    from suppliers.models import Driver, Vehicle
    from tanks.models import Alert, Device, Mind

    now = utc_now()
    Mind.objects.create(
        tank=tank, ticked_at=now, made_at=now, capacity=10_000, timezone="UTC", state=SECRET.encode()
    )
    order_place(user=alice, tank=tank, amount=1_000)
    NotificationFactory(user=alice)
    RefreshFamilyFactory(user=alice, current_jti=SECRET[:32])
    Device.objects.create(device_id="d1", tank=tank, secret_hash=SECRET, previous_secret_hash=SECRET)
    Alert.objects.create(tank=tank, user_id=alice.pk, kind="low", severity="warning", opened_at=now)
    Driver.objects.create(supplier_id=sam.pk, name="Dora")
    Vehicle.objects.create(supplier_id=sam.pk, name="Lorry", capacity_liters=9000)
    RejectedMessage.objects.create(at=now, transport="mqtt", code="bad_json", device_id="d1")
    Gateway.objects.create(gateway_id="lns", secret_hash=SECRET)
    PushSubscription.objects.create(
        user=alice, kind="webpush", endpoint=f"https://push.example/{SECRET}", keys={"auth": SECRET}
    )
    endpoint = WebhookEndpoint.objects.create(user=alice, url="https://example.org/hook", secret=SECRET)
    WebhookDelivery.objects.create(endpoint=endpoint, key="k", type="tank.low", message_id="m", body="{}")
    interval = IntervalSchedule.objects.create(every=5, period="minutes")
    CrontabSchedule.objects.create()
    SolarSchedule.objects.create(event="sunset", latitude=52, longitude=13)
    ClockedSchedule.objects.create(clocked_time=now)
    PeriodicTask.objects.create(name="a task of the test", task="x.y", interval=interval)
    LogEntry.objects.create(
        user=ada,
        content_type=ContentType.objects.get_for_model(User),
        object_id=str(ada.pk),
        object_repr="ada",
        action_flag=2,
    )


def page(client: Client, address: str, data: dict[str, Any] | None = None) -> Any:
    response = client.get(address) if data is None else client.post(address, data)
    assert response.status_code == 200, (address, response.status_code)
    text = response.text
    assert SECRET[:32] not in text, address
    assert "argon2" not in text, address
    return response


def name(model: type[Model], view: str) -> str:
    return f"admin:{model._meta.app_label}_{model._meta.model_name}_{view}"


def test_every_stored_model_has_its_admin() -> None:
    from django.apps import apps

    ours = {"accounts", "tanks", "orders", "suppliers", "iot", "notifications"}
    stored = {
        model
        for model in apps.get_models()
        if model._meta.app_label in ours and not issubclass(model, EmbeddedModel)
    }

    assert stored <= set(MODELS)


def test_every_model_has_its_place_in_the_sidebar() -> None:
    from config.operators import PAGES

    listed = {page for pages in PAGES.values() for _, _, page in pages}

    assert listed == {f"{model._meta.app_label}_{model._meta.model_name}" for model in MODELS}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label_lower)
def test_every_page_of_the_model_opens_and_tells_no_secret(
    operator: Client, world: None, ada: Any, model: type[Model], rf: Any
) -> None:
    listed = reverse(name(model, "changelist"))
    page(operator, listed)
    row = model._default_manager.first()
    assert row is not None
    page(operator, reverse(name(model, "change"), args=[row.pk]))
    page(operator, reverse(name(model, "history"), args=[row.pk]))

    registered = admin.site._registry[model]
    request = rf.get("/")
    request.user = ada
    if registered.search_fields:
        page(operator, f"{listed}?q=o")
    for field in registered.list_filter:
        kind = model._meta.get_field(field)
        if not kind.choices and not isinstance(kind, BooleanField | CharField):
            continue
        choices = kind.choices or [(1, "")]
        page(operator, f"{listed}?{field}__exact={choices[0][0]}")
    if registered.has_add_permission(request):
        page(operator, reverse(name(model, "add")))


def test_an_operator_makes_a_supplier_with_a_company(operator: Client) -> None:
    from accounts.models import Supplier, User

    data = {
        "email": "New@Example.org",
        "name": "New Wells",
        "role": "supplier",
        "password1": "tall-blue-cistern-88",
        "password2": "tall-blue-cistern-88",
        "usable_password": "true",
    }
    response = operator.post(reverse("admin:accounts_user_add"), data)

    assert response.status_code == 302, response.text[:3000]
    user = User.objects.get(email="new@example.org")
    assert user.check_password("tall-blue-cistern-88")
    assert Supplier.objects.get(pk=user.pk).company == "New Wells"
    page(operator, reverse("admin:auth_user_password_change", args=[user.pk]))


def test_an_operator_switches_an_account_off(operator: Client, alice: Any) -> None:
    from accounts.models import User

    data = {"email": alice.email, "name": alice.name, "role": "customer", "timezone": "UTC"}
    response = operator.post(reverse("admin:accounts_user_change", args=[alice.pk]), data)

    assert response.status_code == 302
    changed = User.objects.get(pk=alice.pk)
    assert not changed.is_active
    assert changed.password == alice.password
    assert changed.address.city == alice.address.city


def test_switching_an_account_off_ends_its_sign_ins(operator: Client, alice: Any, api: Any) -> None:
    app = api(alice)
    assert app.get("/api/users/me").status_code == 200

    data = {"email": alice.email, "name": alice.name, "role": "customer", "timezone": "UTC"}
    operator.post(reverse("admin:accounts_user_change", args=[alice.pk]), data)

    assert app.get("/api/users/me").status_code == 401


def test_a_password_set_by_an_operator_ends_the_users_sign_ins(
    operator: Client, alice: Any, bob: Any, api: Any
) -> None:
    from accounts.models import User

    app, others = api(alice), api(bob)
    page_of_alice = Client()
    page_of_alice.force_login(alice)
    passwords = {"password1": "tall-blue-cistern-89", "password2": "tall-blue-cistern-89"}

    response = operator.post(
        reverse("admin:auth_user_password_change", args=[alice.pk]), passwords | {"usable_password": "true"}
    )

    assert response.status_code == 302, response.text[:2000]
    assert User.objects.get(pk=alice.pk).check_password("tall-blue-cistern-89")
    assert app.get("/api/users/me").status_code == 401
    assert others.get("/api/users/me").status_code == 200
    assert page_of_alice.get("/account").status_code == 302
    assert operator.get("/admin/").status_code == 200


def test_a_supplier_who_is_switched_off_is_offered_no_orders(operator: Client, sam: Any) -> None:
    from accounts.models import Supplier

    data = {"email": sam.email, "name": sam.name, "role": "supplier", "timezone": "UTC"}
    operator.post(reverse("admin:accounts_user_change", args=[sam.pk]), data)

    assert not Supplier.objects.get(pk=sam.pk).active


def test_a_changed_name_ends_no_sign_in(operator: Client, alice: Any, api: Any) -> None:
    app = api(alice)
    data = {
        "email": alice.email,
        "name": "Alice Brook",
        "role": "customer",
        "timezone": "UTC",
        "is_active": "on",
    }

    operator.post(reverse("admin:accounts_user_change", args=[alice.pk]), data)

    assert app.get("/api/users/me").json()["name"] == "Alice Brook"


def test_the_overview_tells_what_needs_somebody(operator: Client, world: None) -> None:
    from collections import Counter
    from datetime import timedelta

    from common.mongo import collection
    from iot.ingest import metrics
    from orders.models import Order
    from tanks.models import Device

    long_ago = utc_now() - timedelta(hours=5)
    collection(Order).update_many({}, {"$set": {"offered_at": long_ago}})
    collection(Device).update_many({}, {"$set": {"status": "offline", "last_seen": long_ago}})
    metrics.add(Counter(readings=50))
    metrics.write()

    found = page(operator, "/admin/")

    figures = {figure.label: (figure.value, figure.note) for figure in found.context["figures"]}
    assert figures["Open orders"] == ("1", "0 late")
    assert figures["Unanswered"] == ("1", "1 for over an hour")
    assert figures["Devices offline"] == ("1", "0 faulty, of 1")
    assert figures["Messages refused"] == ("1", "mostly bad_json")
    assert "WO-" in found.text
    assert "d1" in found.text


@pytest.mark.parametrize("who", ["alice", "sam"])
def test_others_are_sent_to_sign_in(client: Client, request: pytest.FixtureRequest, who: str) -> None:
    client.force_login(request.getfixturevalue(who))

    assert client.get("/admin/").status_code == 302


def test_the_admin_allows_no_inline_script(operator: Client) -> None:
    policy = operator.get("/admin/").headers["Content-Security-Policy"]
    scripts = next(part for part in policy.split(";") if "script-src" in part)

    assert "unsafe-inline" not in scripts
    assert "unsafe-eval" in scripts


def test_an_operator_has_a_payload_explained(operator: Client, tank: Any) -> None:
    from iot.models import RejectedMessage

    address = reverse("admin:iot_rejectedmessage_explain_payload")
    page(operator, address)
    sent = {"payload": '{"SR04": {"Distance": 25}, "Time": "2026-01-01T00:00:00"}', "topic": "tele/d1/SENSOR"}
    text = page(operator, address, data=sent).text
    assert "tasmota" in text
    assert "d1" in text
    assert "SR04.Distance" in text
    assert "Nothing in it looks" in page(operator, address, data={"payload": "hello"}).text
    assert "no tank of this id" in page(operator, address, data={"payload": "1", "tank": "x"}).text
    kept = RejectedMessage.objects.create(
        at=utc_now(), transport="mqtt", code="x", topic="a/b", payload="<b>&"
    )
    shown = page(operator, reverse("admin:iot_rejectedmessage_explain_this", args=[kept.pk])).text
    assert "&lt;b&gt;&amp;" in shown


def test_a_gateways_secret_is_shown_once(operator: Client) -> None:
    from iot.models import Gateway
    from iot.services.gateways import gateway_authenticate

    def told(response: Any) -> str:
        return str(response.text.partition("shown only here: ")[2].split("<")[0].strip())

    made = operator.post(reverse("admin:iot_gateway_add"), {"gateway_id": "lns", "active": "on"}, follow=True)
    first = told(made)
    assert gateway_authenticate(gateway_id="lns", secret=first)
    gateway = Gateway.objects.get()
    renew = reverse("admin:iot_gateway_renew_secret", args=[gateway.pk])
    page(operator, renew)
    assert gateway_authenticate(gateway_id="lns", secret=first)
    second = told(operator.post(renew, follow=True))
    assert not gateway_authenticate(gateway_id="lns", secret=first)
    assert gateway_authenticate(gateway_id="lns", secret=second)
    assert second not in operator.get(reverse("admin:iot_gateway_change", args=[gateway.pk])).text
