"""A broker asks over HTTP: mosquitto-go-auth's and EMQX's own request forms."""

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from iot.broker.topics import covered, rights_of
from iot.decoders import REGISTRY, decoder_for, route
from iot.models import Gateway
from iot.services.gateways import gateway_secret_renew
from tanks.services.devices import device_register, device_secret_rotate

AUTH, ACL = "/internal/mqtt/auth", "/internal/mqtt/acl"


@pytest.fixture
def secret(tank):
    return device_register(tank=tank, device_id="dev-1", kind="json")[1]


def form(client, url, **fields):
    """As mosquitto-go-auth asks with `http_params_mode form`."""
    return client.post(url, fields)


def as_json(client, url, **fields):
    """As EMQX asks, and mosquitto-go-auth with `http_params_mode json`."""
    return client.post(url, fields, content_type="application/json")


@pytest.mark.django_db
@pytest.mark.parametrize("send", [form, as_json])
def test_a_device_logs_in_by_its_secret_alone(client, secret, send):
    good = send(client, AUTH, username="dev-1", password=secret, clientid="esp-17")
    assert (good.status_code, good.json()["result"], good.json()["ok"]) == (200, "allow", True)
    for username, password in (("dev-1", "wrong"), ("dev-1", ""), ("nobody", secret), ("dev-1", "x" * 5000)):
        bad = send(client, AUTH, username=username, password=password, clientid="esp-17")
        assert (bad.status_code, bad.json()["result"], bad.json()["is_superuser"]) == (403, "deny", False)


@pytest.mark.django_db
def test_a_rotated_secret_overlaps_at_the_broker_too(client, tank, secret):
    new = device_secret_rotate(device=tank.devices.get())
    for password in (secret, new):
        assert form(client, AUTH, username="dev-1", password=password, clientid="").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("topic", "acc", "action", "allowed"),
    [
        ("tanks/dev-1/level", 2, "publish", True),
        ("tanks/dev-1/status", 2, "publish", True),
        ("tanks/dev-1/config", 2, "publish", False),
        ("tanks/dev-2/level", 2, "publish", False),
        ("tanks/+/level", 2, "publish", False),
        ("tele/dev-1/SENSOR", 2, "publish", False),
        ("$SYS/x", 2, "publish", False),
        ("tanks/dev-1/config", 4, "subscribe", True),
        ("tanks/dev-1/config", 1, "subscribe", True),
        ("tanks/+/config", 4, "subscribe", False),
        ("tanks/#", 4, "subscribe", False),
        ("#", 4, "subscribe", False),
        ("$share/g/tanks/dev-1/config", 4, "subscribe", False),
    ],
)
def test_a_device_keeps_to_its_own_topics(client, secret, topic, acc, action, allowed):
    asked = form(client, ACL, username="dev-1", clientid="esp-17", topic=topic, acc=acc)
    assert asked.status_code == (200 if allowed else 403)
    emqx = as_json(client, ACL, username="dev-1", clientid="esp-17", topic=topic, action=action)
    assert (emqx.status_code, emqx.json()["result"]) == (200, "allow" if allowed else "deny")


@pytest.mark.django_db
def test_a_gateway_brings_uplinks_and_no_direct_levels(client):
    gateway = Gateway.objects.create(gateway_id="lns")
    secret = gateway_secret_renew(gateway=gateway)
    assert form(client, AUTH, username="lns", password=secret).status_code == 200
    uplink = {"username": "lns", "topic": "v3/app@tenant/devices/d/up", "acc": 2}
    assert form(client, ACL, **uplink).status_code == 200
    assert form(client, ACL, username="lns", topic="tanks/d/level", acc=2).status_code == 403
    gateway.active = False
    gateway.save()
    assert form(client, AUTH, username="lns", password=secret).status_code == 403
    assert form(client, ACL, **uplink).status_code == 403


@pytest.mark.django_db
def test_the_products_own_login_may_do_everything(client, settings):
    settings.MQTT_URL = "mqtt://listener:l%21stens@127.0.0.1:1883"
    assert form(client, AUTH, username="listener", password="l!stens").status_code == 200
    assert form(client, AUTH, username="listener", password="other").status_code == 403
    for acc in (1, 2, 3, 4):
        assert form(client, ACL, username="listener", topic="tanks/a/level", acc=acc).status_code == 200


@pytest.mark.django_db
def test_only_loopback_or_the_token_may_ask(secret, settings):
    fields = {"username": "dev-1", "password": secret}
    abroad = Client(REMOTE_ADDR="192.0.2.7")
    assert abroad.post(AUTH, fields).status_code == 403
    assert Client(headers={"X-Forwarded-For": "192.0.2.7"}).post(AUTH, fields).status_code == 403
    bearer = {"headers": {"Authorization": "Bearer a-shared-word"}}
    assert abroad.post(AUTH, fields, **bearer).status_code == 403
    settings.INTERNAL_TOKEN = "a-shared-word"
    assert abroad.post(AUTH, fields, **bearer).status_code == 200
    assert abroad.post(f"{AUTH}?token=a-shared-word", fields).status_code == 200
    assert abroad.post(f"{AUTH}?token=another", fields).status_code == 403
    assert Client(REMOTE_ADDR="::1").post(AUTH, fields).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "type"),
    [
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b'{"username": {}}', "application/json"),
        (b'{"username": "dev-1", "topic": "t", "acc": 9}', "application/json"),
        (b"\xff\x00", "application/json"),
        (b"", "application/x-www-form-urlencoded"),
        (b"username=dev-1&topic=t&acc=x", "application/x-www-form-urlencoded"),
    ],
)
def test_what_no_broker_sends_is_a_problem_document(client, body, type):
    answer = client.post(ACL, data=body, content_type=type)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert client.get(ACL).status_code == 405


@pytest.mark.parametrize("kind", sorted(REGISTRY))
@pytest.mark.parametrize(
    "name", ["dev-1", "tanks", "tele", "homeassistant", "plant/node-1", "plant/node-1/t"]
)
def test_no_kind_of_device_may_publish_what_is_read_as_anothers(kind, name):
    """Every topic that another device's reading could come on, asked for by this one."""
    others = [
        *(
            "tanks/{}/level",
            "tanks/{}/status",
            "tele/{}/SENSOR",
            "{}/sensor/d/state",
            "{}/status",
            "{}/state",
        ),
        *("{}/events/rpc", "{}/online", "{}/status/input:1", "v3/a@t/devices/{}/up"),
        *("application/a/device/{}/event/up", "{}/v1/devices/me/telemetry"),
    ]
    rights = rights_of(name, kind)
    for pattern in others:
        for other in ("dev-2", "dev-1/more", f"{name}/more", "level", "sensor"):
            topic = pattern.format(other)
            if not covered(topic, rights.publish):
                continue
            fleet = route(topic)
            assert fleet is not None
            assert decoder_for(fleet).device_id_from_topic(topic) in (name, None), topic


segments = st.lists(st.sampled_from(["a", "b", "+", "#", ""]), min_size=1, max_size=4)


@given(segments, segments)
def test_a_covered_filter_never_takes_in_a_topic_that_the_own_one_does_not(own, wanted):
    own = [s for i, s in enumerate(own) if s != "#" or i == len(own) - 1]
    wanted = [s for i, s in enumerate(wanted) if s != "#" or i == len(wanted) - 1]
    if not covered("/".join(wanted), ["/".join(own)]):
        return
    for filler in ("a", "c"):
        topic = "/".join(filler if s in "+#" and s else s for s in wanted)
        assert covered(topic, ["/".join(own)])
