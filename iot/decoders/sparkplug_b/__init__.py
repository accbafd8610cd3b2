"""Sparkplug B: `spBv1.0/<group>/<type>/<node>[/<device>]`, protobuf.

A birth certificate names a node's or device's metrics, their aliases, types and engineering units; later
messages may carry the alias alone, so the certificate is kept in the state. Every message of a node counts
one sequence 0..255: a gap, or data before a birth, yields `rebirth_needed`, to be answered with
`rebirth_command`. The messages of one node must reach one decoder in order.

The deviceId is `<group>/<node>` or `<group>/<node>/<device>`. Settings: `field` is the metric's name.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from datetime import datetime, timedelta
from typing import Any

from google.protobuf.message import DecodeError as ProtobufError

from .. import times
from ..base import MAX_PAYLOAD_BYTES, Decoded, DecodeError, DecoderContext, DeviceEvent
from . import certificate
from .sparkplug_b_pb2 import Payload  # type: ignore[attr-defined]

topics = ("spBv1.0/#",)

_BIRTHS, _DEATHS, _DATA = ("NBIRTH", "DBIRTH"), ("NDEATH", "DDEATH"), ("NDATA", "DDATA")
_COMMANDS = ("NCMD", "DCMD")
_REBIRTH_METRIC = "Node Control/Rebirth"
_REBIRTH_EVERY = timedelta(minutes=1)
_BOOLEAN = 11
_MAX_DEVICES = 200


def device_id_from_topic(topic: str) -> str | None:
    """`<group>/<node>` or `<group>/<node>/<device>`; None for host state and foreign topics."""
    address = _address(topic)
    return None if address is None else "/".join(address[1:])


def decode(topic: str, payload: bytes, context: DecoderContext) -> list[Decoded]:
    """Samples and life-cycle events of one message. Commands and host state give nothing."""
    if topic.startswith("spBv1.0/STATE/"):
        return []
    address = _address(topic)
    if address is None:
        raise DecodeError("foreign_topic", "expected spBv1.0/<group>/<type>/<node>[/<device>]")
    kind, group, node, *device = address
    if kind in _COMMANDS:
        return []
    try:
        return _decode(kind, f"{group}/{node}", "/".join(device), _parse(payload), context)
    except UnicodeDecodeError:
        raise DecodeError("bad_protobuf", "a metric's name is not UTF-8") from None


def rebirth_command(device_id: str, at: datetime) -> tuple[str, bytes]:
    """Topic and payload that ask a device's node to send its birth certificates again."""
    group, node = device_id.split("/")[:2]
    message = Payload(timestamp=round(at.timestamp() * 1000))
    message.metrics.add(name=_REBIRTH_METRIC, datatype=_BOOLEAN, boolean_value=True)
    return f"spBv1.0/{group}/NCMD/{node}", message.SerializeToString()


def _address(topic: str) -> list[str] | None:
    """[type, group, node] or [type, group, node, device]."""
    parts = topic.split("/")
    if len(parts) not in (4, 5) or parts[0] != "spBv1.0" or not all(parts):
        return None
    kind = parts[2]
    if kind not in (*_BIRTHS, *_DEATHS, *_DATA, *_COMMANDS) or (kind[0] == "D") != (len(parts) == 5):
        return None
    return [kind, parts[1], *parts[3:]]


def _parse(payload: bytes) -> Any:
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise DecodeError("too_large", f"payload of {len(payload)} bytes, at most {MAX_PAYLOAD_BYTES}")
    try:
        return Payload.FromString(payload)
    except ProtobufError:
        raise DecodeError("bad_protobuf", "not a Sparkplug B payload") from None


def _decode(kind: str, node_id: str, device: str, payload: Any, context: DecoderContext) -> list[Decoded]:
    node = context.state(node_id)
    device_id = f"{node_id}/{device}" if device else node_id
    at = times.live_time(payload.timestamp or None, context.received_at)
    if kind == "NDEATH":
        return _node_death(node_id, node, payload)
    decoded = Decoded(device_id=device_id)
    reason = None
    if kind == "NBIRTH":
        devices = node.get("devices") or []
        node.clear()
        node.update(seq=payload.seq, bd_seq=_bd_seq(payload), devices=devices)
    else:
        reason = _count(node, payload.seq)
    state = context.state(device_id)
    if kind == "DDEATH":
        decoded.events += [DeviceEvent("death", "", at), DeviceEvent("offline", "death certificate", at)]
    elif kind in _BIRTHS:
        certificate.remember(state, payload)
        if device:
            _know_device(node, device_id)
        decoded.events += [DeviceEvent("birth", "", at), DeviceEvent("online", "birth certificate", at)]
    elif "metrics" not in state:
        reason = reason or "no birth certificate"
    if kind != "DDEATH":
        complete = certificate.add_samples(
            decoded, payload, state, context.settings(device_id), context.received_at
        )
        reason = reason or (None if complete else "an alias that no birth certificate names")
    found = [decoded]
    if reason and _may_ask(node, context.received_at):
        event = DeviceEvent("rebirth_needed", reason, at)
        if device:
            found.append(Decoded(device_id=node_id, events=[event]))
        else:
            decoded.events.append(event)
    return found


def _count(node: MutableMapping[str, Any], seq: int) -> str | None:
    """Follow the node's sequence; the reason why a rebirth is needed, if it is. A repeat is no gap."""
    last = node.get("seq")
    if last is None:
        node["seq"] = seq
        return "no birth certificate"
    if seq == last:
        return None
    node["seq"] = seq
    if seq != (last + 1) % 256:
        return f"sequence went from {last} to {seq}"
    return None


def _may_ask(node: MutableMapping[str, Any], now: datetime) -> bool:
    """At most one request a minute and node, so that a burst of gaps is answered once."""
    asked = node.get("rebirth_asked_at")
    if isinstance(asked, str) and now - datetime.fromisoformat(asked) < _REBIRTH_EVERY:
        return False
    node["rebirth_asked_at"] = now.isoformat()
    return True


def _bd_seq(payload: Any) -> int | None:
    """The number that ties a death certificate to its birth."""
    for metric in payload.metrics:
        if metric.name == "bdSeq":
            return int(metric.long_value or metric.int_value)
    return None


def _node_death(node_id: str, node: MutableMapping[str, Any], payload: Any) -> list[Decoded]:
    """Node and devices go offline, unless this is the late death of an earlier session."""
    died, born = _bd_seq(payload), node.get("bd_seq")
    if died is not None and born is not None and died != born:
        return [Decoded(device_id=node_id)]
    node.pop("seq", None)
    # The payload's own time is when the will was written, at connect: the death is when it arrives.
    offline = DeviceEvent("offline", "death certificate")
    devices = [Decoded(device_id=name, events=[offline]) for name in node.get("devices") or []]
    return [Decoded(device_id=node_id, events=[DeviceEvent("death"), offline]), *devices]


def _know_device(node: MutableMapping[str, Any], device_id: str) -> None:
    devices = list(node.get("devices") or [])
    if device_id not in devices and len(devices) < _MAX_DEVICES:
        node["devices"] = [*devices, device_id]
