"""Whatever arrives, a decoder answers with samples or with a DecodeError, and never with anything else."""

from __future__ import annotations

import base64
import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import iot.decoders
from iot.decoders import REGISTRY, decoder_for, lorawan, route
from iot.decoders.base import DecodeError, StaticContext
from iot.decoders.infer import infer

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TOPICS = {
    "json": ["tanks/d/level", "tanks/d/status"],
    "tasmota": ["tele/d/SENSOR", "tele/d/STATE", "tele/d/LWT"],
    "esphome": ["d/sensor/level/state", "d/status", "d/state", "homeassistant/sensor/d/config"],
    "shelly": ["d/events/rpc", "d/online", "d/status/voltmeter:100"],
    "ttn": ["v3/a@t/devices/d/up", ""],
    "chirpstack": ["application/1/device/d/event/up", "application/1/device/d/event/status", ""],
    "sparkplug_b": [f"spBv1.0/g/{kind}/n" for kind in ("NBIRTH", "NDATA", "NDEATH")]
    + [f"spBv1.0/g/{kind}/n/d" for kind in ("DBIRTH", "DDATA", "DDEATH")],
    "thingsboard": ["v1/devices/me/telemetry", "v1/gateway/telemetry", "v1/gateway/connect"],
}
for _model in lorawan.MODELS:
    TOPICS[_model] = [*TOPICS["ttn"], *TOPICS["chirpstack"]]

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["nan", "2026-11-23T11:00:00Z", "AXVkA4IeAA==", "unknown"]),
)
# Keys that decoders look for, so that the values reach their deeper branches.
KEYS = (
    "level distance_cm depthMm volumeLiters timestamp battery Time SR04 Distance Wifi Signal params ts method"
    " voltmeter:100 voltage xvoltage errors devicepower:0 values end_device_ids device_id uplink_message"
    " frm_payload decoded_payload rx_metadata rssi received_at f_cnt f_port deviceInfo devEui data object"
    " rxInfo time fCnt ~ stat_t name unit_of_meas val_tpl dev sw device"
)
keys = st.one_of(
    st.text(max_size=6),
    st.sampled_from(KEYS.split()),
)
documents = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=6)),
    max_leaves=15,
)


def try_decode(kind: str, payload: bytes, device_settings: dict[str, Any] | None = None) -> None:
    context = StaticContext(
        received_at=NOW, default_kind=kind, publisher="d", settings={"d": device_settings or {}}
    )
    for topic in TOPICS[kind]:
        try:
            results = decoder_for(kind).decode(topic, payload, context)
        except DecodeError:
            continue
        for decoded in results:
            for measurement in decoded.measurements:
                quantities = (
                    measurement.level_percent,
                    measurement.volume_liters,
                    measurement.distance_mm,
                    measurement.depth_mm,
                )
                known = [value for value in quantities if value is not None]
                assert len(known) <= 1
                assert all(math.isfinite(value) and value >= 0 for value in known)
                assert measurement.level_percent is None or measurement.level_percent <= 100
                assert measurement.at is None or measurement.at.tzinfo is UTC
    json.dumps(context.states)


@pytest.mark.parametrize("kind", REGISTRY)
@settings(max_examples=60, deadline=None)
@given(payload=st.binary(max_size=200))
def test_arbitrary_bytes_never_break_a_decoder(kind: str, payload: bytes) -> None:
    try_decode(kind, payload)


@pytest.mark.parametrize("kind", REGISTRY)
@settings(max_examples=120, deadline=None)
@given(document=documents)
def test_arbitrary_json_never_breaks_a_decoder(kind: str, document: Any) -> None:
    try_decode(kind, json.dumps(document).encode(errors="surrogatepass"))
    try_decode(kind, json.dumps(document).encode(errors="surrogatepass"), {"field": "level", "unit": "cm"})


EXAMPLES = sorted(Path(iot.decoders.__file__).parent.glob("*/examples/*.json"))


@settings(max_examples=300, deadline=None)
@given(path=st.sampled_from(EXAMPLES), data=st.data())
def test_damaged_example_never_breaks_its_decoder(path: Path, data: st.DataObject) -> None:
    message = json.loads(path.read_text())["messages"][-1]
    if "hex" in message:
        payload = bytearray.fromhex(message["hex"])
    else:
        payload = bytearray(json.dumps(message["json"]) if "json" in message else message["text"], "utf-8")
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(payload) - 1))
        payload[at] = data.draw(st.integers(0, 255))
    try_decode(path.parts[-3], bytes(payload[: data.draw(st.integers(0, len(payload)))]))


@pytest.mark.parametrize("kind", lorawan.MODELS)
@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=60), port=st.integers(0, 255))
def test_arbitrary_frames_never_break_a_codec(kind: str, data: bytes, port: int) -> None:
    uplink = {
        "end_device_ids": {"device_id": "d"},
        "uplink_message": {"f_port": port, "frm_payload": base64.b64encode(data).decode()},
    }
    try_decode(kind, json.dumps(uplink).encode())


@settings(max_examples=150, deadline=None)
@given(
    payload=st.one_of(
        st.binary(max_size=80), documents.map(lambda d: json.dumps(d).encode(errors="surrogatepass"))
    ),
    topic=st.one_of(
        st.none(), st.text(max_size=20), st.sampled_from([t for ts in TOPICS.values() for t in ts])
    ),
)
def test_inference_never_raises(payload: bytes, topic: str | None) -> None:
    for candidate in infer(payload, topic, received_at=NOW):
        assert 0 < candidate.confidence < 1
        assert math.isfinite(candidate.canonical)


@given(topic=st.text(max_size=30))
def test_any_topic_can_be_routed(topic: str) -> None:
    assert route(topic) in {None, *REGISTRY}
    for kind in REGISTRY:
        decoder_for(kind).device_id_from_topic(topic)
