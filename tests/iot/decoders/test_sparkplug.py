"""Sparkplug B over several messages: sequences, births and requests to be born again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from iot.decoders import sparkplug_b
from iot.decoders.base import Decoded, StaticContext
from iot.decoders.sparkplug_b.sparkplug_b_pb2 import Payload

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MILLIS = round(NOW.timestamp() * 1000)


def message(seq: int | None, *metrics: dict[str, Any]) -> bytes:
    payload = Payload(timestamp=MILLIS)
    if seq is not None:
        payload.seq = seq
    for metric in metrics:
        payload.metrics.add(timestamp=MILLIS, **metric)
    return payload.SerializeToString()


class Node:
    """A node on the wire, and what the host has decoded of it so far."""

    def __init__(self) -> None:
        self.context = StaticContext(received_at=NOW)

    def send(self, kind: str, seq: int | None, *metrics: dict[str, Any], device: str = "") -> list[Decoded]:
        topic = f"spBv1.0/g/{kind}/n" + (f"/{device}" if device else "")
        return sparkplug_b.decode(topic, message(seq, *metrics), self.context)

    def born(self) -> Node:
        self.send("NBIRTH", 0, {"name": "bdSeq", "long_value": 1}, LEVEL)
        return self


LEVEL = {"name": "Level", "alias": 4, "datatype": 10, "double_value": 50.0}


def events(results: list[Decoded]) -> list[tuple[str, str]]:
    return [(decoded.device_id, event.kind) for decoded in results for event in decoded.events]


@given(st.integers(1, 700))
def test_unbroken_sequence_wraps_without_a_request(count: int) -> None:
    node = Node().born()
    for index in range(1, count + 1):
        results = node.send("NDATA", index % 256, {"alias": 4, "double_value": 40.0})
        assert events(results) == []
        assert [m.level_percent for m in results[0].measurements] == [40.0]


@given(st.integers(1, 255), st.integers(0, 255))
def test_any_gap_asks_for_a_rebirth(before: int, after: int) -> None:
    node = Node().born()
    node.context.states["g/n"]["seq"] = before
    results = node.send("NDATA", after, {"alias": 4, "double_value": 40.0})
    expected = [] if after in (before, (before + 1) % 256) else [("g/n", "rebirth_needed")]
    assert events(results) == expected
    assert [m.level_percent for m in results[0].measurements] == [40.0]


def test_repeated_message_is_no_gap() -> None:
    node = Node().born()
    first = node.send("NDATA", 1, {"alias": 4, "double_value": 40.0})
    again = node.send("NDATA", 1, {"alias": 4, "double_value": 40.0})
    assert first == again


def test_rebirth_is_asked_once_a_minute() -> None:
    node = Node().born()
    assert events(node.send("NDATA", 9)) == [("g/n", "rebirth_needed")]
    assert events(node.send("NDATA", 30)) == []
    node.context.received_at = NOW + timedelta(seconds=61)
    assert events(node.send("NDATA", 60)) == [("g/n", "rebirth_needed")]


def test_birth_ends_the_need_for_a_rebirth() -> None:
    node = Node()
    assert events(node.send("NDATA", 5, {"alias": 4, "double_value": 1.0})) == [("g/n", "rebirth_needed")]
    node.born()
    results = node.send("NDATA", 1, {"alias": 4, "double_value": 44.0})
    assert events(results) == []
    assert results[0].measurements[0].level_percent == 44.0


def test_alias_of_an_earlier_birth_is_forgotten() -> None:
    node = Node().born()
    node.send("NBIRTH", 0, {"name": "Level", "alias": 8, "datatype": 10, "double_value": 50.0})
    results = node.send("NDATA", 1, {"alias": 4, "double_value": 10.0})
    assert events(results) == [("g/n", "rebirth_needed")]
    assert results[0].measurements == []


def test_device_data_before_its_own_birth_asks_its_node() -> None:
    node = Node().born()
    results = node.send("DDATA", 1, {"alias": 1, "double_value": 10.0}, device="d")
    assert events(results) == [("g/n", "rebirth_needed")]


def test_device_death_leaves_the_node_alive() -> None:
    node = Node().born()
    node.send("DBIRTH", 1, LEVEL, device="d")
    assert events(node.send("DDEATH", 2, device="d")) == [("g/n/d", "death"), ("g/n/d", "offline")]
    assert events(node.send("NDATA", 3, {"alias": 4, "double_value": 1.0})) == []


def test_bad_quality_is_a_sensor_error_and_stale_is_nothing() -> None:
    node = Node().born()
    for seq, quality, expected in ((1, 0, [("g/n", "sensor_error")]), (2, 500, []), (3, 192, [])):
        payload = Payload(timestamp=MILLIS, seq=seq)
        metric = payload.metrics.add(alias=4, double_value=12.0)
        metric.properties.keys.append("Quality")
        metric.properties.values.add(type=3, int_value=quality)
        results = sparkplug_b.decode("spBv1.0/g/NDATA/n", payload.SerializeToString(), node.context)
        assert events(results) == expected
        assert len(results[0].measurements) == (quality == 192)


def test_certificate_of_a_large_plant_keeps_what_matters() -> None:
    many = [{"name": f"Valve {i}/State", "alias": 100 + i, "datatype": 11} for i in range(3000)]
    node = Node()
    node.send("NBIRTH", 0, *many, LEVEL)
    assert list(node.context.states["g/n"]["metrics"]) == ["Level"]
    assert events(node.send("NDATA", 1, {"alias": 2500, "boolean_value": True})) == []
    assert node.send("NDATA", 2, {"alias": 4, "double_value": 33.0})[0].measurements[0].level_percent == 33.0


def test_rebirth_command_is_a_node_command_that_sets_the_control_metric() -> None:
    topic, payload = sparkplug_b.rebirth_command("g/n/d", NOW)
    assert topic == "spBv1.0/g/NCMD/n"
    parsed = Payload.FromString(payload)
    assert parsed.timestamp == MILLIS
    assert [(m.name, m.datatype, m.boolean_value) for m in parsed.metrics] == [
        ("Node Control/Rebirth", 11, True)
    ]
