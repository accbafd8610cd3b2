"""Which topics are a device's own, by its kind. Pure.

Each is an MQTT filter. A device publishes only what its decoder reads as its own, and hears only what is meant for
it. Ids may hold slashes, so no filter ends in `#` where another id could continue this one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from iot.decoders.lorawan import MODELS

# First segments that fleets share: an id that begins with one would own other people's topics.
_SHARED_HEADS = frozenset(
    ("tanks", "tele", "cmnd", "stat", "homeassistant", "tasmota", "v1", "v3", "application", "spBv1.0")
)
_NODE_MESSAGES = ("NBIRTH", "NDATA", "NDEATH")
_DEVICE_MESSAGES = ("DBIRTH", "DDATA", "DDEATH")


class Rights(NamedTuple):
    """Filters of what may be published and of what may be subscribed to."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


# What LoRaWAN servers and bridges bring for many devices.
GATEWAY = Rights(publish=("v3/#", "application/#", "v1/gateway/+"), subscribe=("v1/gateway/+",))


def rights_of(device_id: str, kind: str) -> Rights:
    """The topics of a registered device."""
    publish = [f"tanks/{device_id}/level", f"tanks/{device_id}/status"]
    subscribe = [f"tanks/{device_id}/{name}" for name in ("config", "level", "status")]
    more = _of_fleet(device_id, kind)
    return Rights((*publish, *more.publish), (*subscribe, *more.subscribe))


def _of_fleet(name: str, kind: str) -> Rights:
    if kind == "tasmota":
        return Rights((f"tele/{name}/+", f"stat/{name}/+"), (f"cmnd/{name}/+",))
    if kind in ("ttn", "chirpstack") or kind in MODELS:
        return Rights((f"v3/+/devices/{name}/up", f"application/+/device/{name}/event/+"), ())
    if kind == "sparkplug_b":
        return _of_sparkplug(name)
    if name.partition("/")[0] in _SHARED_HEADS:
        return Rights((), ())
    if kind == "esphome":
        own = (f"{name}/sensor/+/state", f"{name}/status", f"{name}/state", f"{name}/debug")
        announced = (f"homeassistant/sensor/{name}/config", f"homeassistant/sensor/{name}/+/config")
        # A name of two segments is where the first of them, as a device of its own, announces.
        return Rights((*own, *(() if "/" in name else announced)), (f"{name}/+/+/command",))
    if kind == "shelly":
        own = (f"{name}/events/rpc", f"{name}/online", f"{name}/status/+", f"{name}/debug/log")
        return Rights(own, (f"{name}/rpc", f"{name}/command"))
    if kind == "thingsboard":
        me = f"{name}/v1/devices/me"  # as the relay, or the broker, mounts it
        heard = ("attributes", "attributes/response/+", "rpc/request/+")
        return Rights(
            (f"{me}/telemetry", f"{me}/attributes", f"{me}/attributes/request/+"),
            tuple(f"{me}/{what}" for what in heard),
        )
    return Rights((), ())


def _of_sparkplug(name: str) -> Rights:
    """Of `<group>/<node>` all its devices too; of `<group>/<node>/<device>` the node's session, and that device."""
    parts = name.split("/")
    if len(parts) not in (2, 3):
        return Rights((), ())
    group, node, device = [*parts, "+"][:3]
    publish = [f"spBv1.0/{group}/{what}/{node}" for what in _NODE_MESSAGES]
    publish += [f"spBv1.0/{group}/{what}/{node}/{device}" for what in _DEVICE_MESSAGES]
    commands = (f"spBv1.0/{group}/NCMD/{node}", f"spBv1.0/{group}/DCMD/{node}/{device}")
    return Rights(tuple(publish), (*commands, "spBv1.0/STATE/+", "STATE/+"))


def covered(topic: str, filters: Iterable[str]) -> bool:
    """Whether one of the filters takes in the topic, or everything that the topic takes in if it is a filter."""
    return any(_covers(own.split("/"), topic.split("/")) for own in filters)


def _covers(own: list[str], wanted: list[str]) -> bool:
    for at, segment in enumerate(own):
        if segment == "#":
            return True
        if at >= len(wanted) or wanted[at] == "#" or segment not in ("+", wanted[at]):
            return False
    return len(own) == len(wanted)
