"""Topics to fleets, and the registry."""

from __future__ import annotations

import pytest

from iot.decoders import REGISTRY, decoder_for, route
from iot.decoders.base import DecodeError


@pytest.mark.parametrize(
    ("topic", "kind", "device_id"),
    [
        ("tanks/a-1/level", "json", "a-1"),
        ("tanks/a-1/status", "json", "a-1"),
        ("tele/garden/SENSOR", "tasmota", "garden"),
        ("tele/garden/LWT", "tasmota", "garden"),
        ("tank1/sensor/level/state", "esphome", "tank1"),
        ("farm/tank1/sensor/level/state", "esphome", "farm/tank1"),
        ("tank1/status", "esphome", "tank1"),
        ("tank1/state", "esphome", "tank1"),
        ("homeassistant/sensor/x/config", "esphome", None),
        ("shellyplus1-x/events/rpc", "shelly", "shellyplus1-x"),
        ("home/shelly/events/rpc", "shelly", "home/shelly"),
        ("shellyplus1-x/online", "shelly", "shellyplus1-x"),
        ("shellyplus1-x/status/voltmeter:100", "shelly", "shellyplus1-x"),
        ("v3/app@tenant/devices/dev1/up", "ttn", "dev1"),
        ("application/1/device/24e1/event/up", "chirpstack", "24e1"),
        ("spBv1.0/g/DDATA/n/d", "sparkplug_b", "g/n/d"),
        ("spBv1.0/g/NDATA/n", "sparkplug_b", "g/n"),
        ("spBv1.0/STATE/host", "sparkplug_b", None),
        ("v1/devices/me/telemetry", "thingsboard", None),
        ("tb-1/v1/devices/me/telemetry", "thingsboard", "tb-1"),
        ("v1/gateway/telemetry", "thingsboard", None),
    ],
)
def test_topic_leads_to_its_fleet_and_device(topic: str, kind: str, device_id: str | None) -> None:
    assert route(topic) == kind
    assert decoder_for(kind).device_id_from_topic(topic) == device_id


@pytest.mark.parametrize("topic", ["", "garden", "garden/light", "$SYS/uptime", "a/b/c/d"])
def test_foreign_topic_leads_nowhere(topic: str) -> None:
    assert route(topic) is None


def matches(topic: str, subscription: str) -> bool:
    levels, wanted = topic.split("/"), subscription.split("/")
    if wanted[-1] == "#":
        return levels[: len(wanted) - 1] == wanted[:-1]
    return len(levels) == len(wanted) and all(w in ("+", t) for t, w in zip(levels, wanted, strict=True))


@pytest.mark.parametrize("kind", REGISTRY)
def test_decoder_subscribes_to_topics_that_route_to_its_own_fleet(kind: str) -> None:
    server = {"milesight_em500_udl", "milesight_em500_swl", "dragino_ldds"}
    for subscription in decoder_for(kind).topics:
        topic = subscription.replace("#", "g/NDATA/n").replace("+", "x")
        assert matches(topic, subscription)
        assert route(topic) in ({"ttn", "chirpstack"} if kind in server else {kind})


def test_unknown_kind_is_refused() -> None:
    with pytest.raises(DecodeError, match="unknown_kind"):
        decoder_for("telepathy")
