"""ThingsBoard's topics mounted by user: packets as a client and a broker would send them, in any pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iot.mqtt.client import ProtocolError, split_packets
from iot.mqtt.mount import Mount, greeting

ME = "v1/devices/me/"


def text(value: str | bytes) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return len(raw).to_bytes(2, "big") + raw


def packet(first: int, body: bytes) -> bytes:
    length, digits = len(body), b""
    while True:
        length, digit = divmod(length, 128)
        digits += bytes([digit | (128 if length else 0)])
        if not length:
            return bytes([first]) + digits + body


def connect(user: str | None, *, version: int = 4, will: str = "") -> bytes:
    flags = 0x02 | (0xC0 if user is not None else 0) | (0x04 if will else 0)
    empty = b"\0" if version == 5 else b""
    body = text("MQTT") + bytes([version, flags, 0, 60]) + empty + text("id")
    if will:
        body += empty + text(will) + text("gone")
    return packet(0x10, body + (text(user) + text("secret") if user is not None else b""))


def publish(topic: str, payload: bytes = b"x", *, version: int = 4) -> bytes:
    return packet(0x32, text(topic) + b"\0\7" + (b"\0" if version == 5 else b"") + payload)


def subscribe(*topics: str, version: int = 4, first: int = 0x82) -> bytes:
    options = b"\1" if first == 0x82 else b""
    # MQTT 5: a subscription identifier among the properties.
    properties = b"\2\x0b\5" if version == 5 else b""
    return packet(first, b"\0\7" + properties + b"".join(text(topic) + options for topic in topics))


versions = pytest.mark.parametrize("version", [4, 5])


@versions
@pytest.mark.parametrize("will", ["", "tb-1/status"])
def test_a_users_own_topics_are_mounted_both_ways_and_others_left_alone(version: int, will: str) -> None:
    mount = Mount()
    hello = connect("tb-1", version=version, will=will)
    assert mount.up(hello) == hello
    both = ((ME + "telemetry", "tb-1/" + ME + "telemetry"), ("tanks/tb-1/level", "tanks/tb-1/level"))
    for plain, mounted in both:
        own, whole = (publish(topic, version=version) for topic in (plain, mounted))
        assert mount.up(own) == whole
        assert mount.down(whole) == own
        for first in (0x82, 0xA2):
            asked = subscribe("a/+", plain, version=version, first=first)
            assert mount.up(asked) == subscribe("a/+", mounted, version=version, first=first)
    other = publish("tb-2/" + ME + "attributes", version=version)
    assert mount.down(other) == other


@pytest.mark.parametrize("user", [None, "", "tb/1", "#", "a+b", "$SYS"])
def test_who_has_no_name_that_fits_a_topic_is_passed_as_it_is(user: str | None) -> None:
    mount = Mount()
    data = connect(user) + publish(ME + "telemetry") + b"\x30"
    assert mount.up(data) + mount.up(b"\0") == data + b"\0"
    assert mount.down(b"\xff\xff\xff\xff\xff") == b"\xff\xff\xff\xff\xff"


topics = st.sampled_from([ME + "telemetry", ME + "attributes", "v1/devices/you", "tanks/a/level"])
sent = st.lists(
    st.one_of(
        st.builds(publish, topics, st.binary(max_size=300)), st.builds(subscribe, topics), st.just(b"\xc0\0")
    ),
    max_size=8,
)


@given(sent, st.lists(st.integers(1, 50), max_size=60))
def test_any_pieces_come_to_the_same(packets: list[bytes], cuts: list[int]) -> None:
    data = connect("tb-1") + b"".join(packets)
    whole = Mount().up(data)
    mount, pieces, at = Mount(), [], 0
    for cut in [*cuts, len(data)]:
        pieces.append(mount.up(data[at : at + cut]))
        at += cut
    assert b"".join(pieces) == whole
    published, others, used = split_packets(whole)
    assert used == len(whole)
    assert len(published) + len(others) == len(packets) + 1
    assert not [one for one in published if one.topic.startswith(ME.encode())]


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_what_is_no_mqtt_ends_the_connection_and_nothing_else(greeted: bytes, after: bytes) -> None:
    mount = Mount()
    try:
        mount.up(greeted)
        mount = Mount()
        mount.up(connect("tb-1"))
        mount.up(after)
        mount.down(after)
    except ProtocolError:
        return


@given(st.integers(0, 255), st.binary(max_size=40))
def test_a_greeting_is_read_or_refused(first: int, body: bytes) -> None:
    try:
        _, user = greeting(first, body)
    except ProtocolError:
        return
    assert not set(user) & set(b"+#/")
