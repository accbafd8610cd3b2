"""What is made of payloads of unknown devices."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from iot.decoders import decoder_for
from iot.decoders.base import StaticContext
from iot.decoders.infer import infer

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SR04 = b'{"Time":"2019-01-01T22:42:35","SR04":{"Distance":16.754}}'
TTN = b'{"end_device_ids":{"device_id":"d"},"uplink_message":{"f_port":2,"frm_payload":"DUUF3AAA9QE="}}'
CHIRPSTACK = b'{"deviceInfo":{"devEui":"24e1"},"fPort":85,"data":"AXVkA3cCAA==","object":{"depth":0.02}}'
SHELLY = (
    b'{"src":"shelly-x","method":"NotifyStatus",'
    b'"params":{"ts":1680962879.6,"voltmeter:100":{"voltage":3.3,"xvoltage":55}}}'
)


@pytest.mark.parametrize(
    ("payload", "topic", "expected"),
    [
        (SR04, None, ("tasmota", "SR04.Distance", "distance", "cm", 167.54)),
        (SR04, "tele/g/SENSOR", ("tasmota", "SR04.Distance", "distance", "cm", 167.54)),
        (b"01756403821E00", None, ("milesight_em500_udl", None, "distance", "mm", 30)),
        (b"AXVkA4IeAA==", None, ("milesight_em500_udl", None, "distance", "mm", 30)),
        (b"0D45 05DC 00 00F5 01", None, ("dragino_ldds", None, "distance", "mm", 1500)),
        (bytes.fromhex("03770200"), None, ("milesight_em500_swl", None, "depth", "cm", 20)),
        (TTN, None, ("dragino_ldds", None, "distance", "mm", 1500)),
        (CHIRPSTACK, None, ("milesight_em500_swl", None, "depth", "mm", 20)),
        (SHELLY, None, ("shelly", "voltmeter:100.xvoltage", "level", "percent", 55)),
        (b"1.234", None, ("esphome", None, "distance", "m", 1234)),
        (b"1.234", "tank1/sensor/cistern/state", ("esphome", "cistern", "distance", "m", 1234)),
        (b'{"level": 55}', None, ("json", "level", "level", "percent", 55)),
        (b'{"tank":{"ullage_in":33},"battery":3.1}', "acme/x", ("json", "tank.ullage_in", "distance", "in", 838.2)),
        (b'{"dist":120,"unit":"cm"}', None, ("json", "dist", "distance", "cm", 1200)),
        (b'{"volume_gal":100}', None, ("json", "volume_gal", "volume", "gal", 378.5411784)),
        (b'{"water_level":327}', None, ("json", "water_level", "depth", "cm", 3270)),
        (b'{"ts":1795434000000,"values":{"level":22.5}}', None, ("thingsboard", "level", "level", "percent", 22.5)),
        (b'{"height_ft":"4","depth":2.5}', None, ("json", "depth", "depth", "m", 2500)),
    ],
)  # fmt: skip
def test_best_candidate_names_decoder_field_direction_and_unit(
    payload: bytes, topic: str | None, expected: tuple[str, str | None, str, str, float]
) -> None:
    best = infer(payload, topic, received_at=NOW)[0]
    assert (best.kind, best.field, best.quantity, best.unit) == expected[:4]
    assert best.canonical == pytest.approx(expected[4])


def test_unnamed_number_is_offered_in_both_directions() -> None:
    found = infer(b'{"d": 120}', received_at=NOW)
    assert {(one.quantity, one.unit) for one in found[:2]} == {("distance", "cm"), ("depth", "cm")}
    assert all(one.confidence < 0.5 for one in found)


def test_status_numbers_are_no_candidates() -> None:
    assert infer(b'{"battery": 80, "rssi": -70, "temperature": 20, "uptime": 500}', received_at=NOW) == []


def test_junk_has_no_candidates() -> None:
    assert infer(b"\x00\xff\x13 junk", received_at=NOW) == []


@pytest.mark.parametrize(
    ("payload", "topic"),
    [
        (b'{"tank":{"ullage_in":33}}', "tanks/d/level"),
        (b'{"Time":"2026-11-23T11:00:00","DYP":{"Distance":130}}', "tele/d/SENSOR"),
        (b"0.75", "d/sensor/cistern/state"),
        (b'{"ts":1795434000000,"values":{"a7":61.5}}', "d/v1/devices/me/telemetry"),
    ],
)
def test_saving_a_candidate_s_settings_makes_the_decoder_read_it_so(payload: bytes, topic: str) -> None:
    best = infer(payload, topic, received_at=NOW)[0]
    context = StaticContext(received_at=NOW, settings={"d": best.settings})
    decoded = decoder_for(best.kind).decode(topic, payload, context)[0].measurements[0]
    values = {
        "level": decoded.level_percent,
        "volume": decoded.volume_liters,
        "distance": decoded.distance_mm,
        "depth": decoded.depth_mm,
    }
    assert values[best.quantity] == pytest.approx(best.canonical)
