"""Devices and their tanks, held in memory so that a reading costs no look-up of its own.

Entries are forgotten on word of a change (`tanks.changes`), which is asked for once a batch, and expire by
themselves in case that word was lost.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from math import inf
from typing import Any, cast

from bson import ObjectId
from redis import RedisError

from common.live import ADMINS
from common.mongo import Document, collection
from common.redis import client
from tanks.changes import STREAM
from tanks.geometry import Geometry, GeometryError
from tanks.models import Device, Tank
from tanks.readings import to_ms
from tanks.services.devices import secret_matches
from tanks.services.readings import TankState, states_load

log = logging.getLogger(__name__)

KEPT_SECONDS = 120.0
KEPT_SECONDS_UNKNOWN = 2.0
KEPT_ENTRIES = 200_000
NOTICES_AT_ONCE = 1_000
REDIS_PAUSE_SECONDS = 1.0
DEVICE_FIELDS = [
    *("device_id", "tank_id", "kind", "slot", "settings", "decoder_state", "secret_hash"),
    *("previous_secret_hash", "previous_secret_until", "status", "last_seen", "interval_seconds"),
    "sensor_errors",
]
TANK_FIELDS = [
    *("series", "user_id", "supplier_ids", "capacity", "geometry", "low_water_threshold"),
    *("critical_threshold", "auto_order"),
]


class KnownTank:
    """What of a tank's settings a reading needs."""

    __slots__ = (
        "audience", "auto_order", "capacity", "critical", "geometry", "id", "low", "series",
    )  # fmt: skip

    def __init__(self, document: Document) -> None:
        self.id: ObjectId = document["_id"]
        self.series: int = document["series"]
        self.capacity: float = document["capacity"]
        self.low: float = document["low_water_threshold"]
        self.critical: float = document["critical_threshold"]
        self.auto_order: bool = document["auto_order"]
        readers = [document["user_id"], *document.get("supplier_ids", [])]
        self.audience = [*map(str, readers), ADMINS]
        self.geometry = _geometry(document)


def known_tank(tank_id: ObjectId) -> KnownTank | None:
    """One tank's settings, read now."""
    document = collection(Tank).find_one({"_id": tank_id}, TANK_FIELDS)
    return KnownTank(document) if document else None


def _geometry(document: Document) -> Geometry | None:
    shape = document.get("geometry")
    if not shape:
        return None
    try:
        return Geometry(
            shape=shape["shape"],
            height_mm=shape.get("height_mm") or 0.0,
            sensor_offset_mm=shape.get("sensor_offset_mm") or 0.0,
            table=shape.get("table") or (),
            capacity_liters=document["capacity"],
        )
    except GeometryError as error:
        log.warning("tank %s has an impossible geometry: %s", document["_id"], error)
        return None


class KnownDevice:
    """A registered device, and what was heard of it since its document was last written."""

    __slots__ = (
        "decoder_state", "device_id", "id", "interval", "kind", "last_arrival", "last_ms", "last_seen",
        "pending", "secrets", "sensor_errors", "settings", "slot", "status", "tank", "written_at",
    )  # fmt: skip

    def __init__(self, document: Document, tank: KnownTank | None) -> None:
        self.id: ObjectId = document["_id"]
        self.device_id: str = document["device_id"]
        self.kind: str = document["kind"]
        self.slot: int = document["slot"]
        self.settings: Mapping[str, Any] = document.get("settings") or {}
        self.decoder_state: dict[str, Any] = document.get("decoder_state") or {}
        self.secrets = (
            document["secret_hash"],
            document.get("previous_secret_hash") or "",
            document.get("previous_secret_until"),
        )
        self.status: str = document["status"]
        self.last_seen: datetime | None = document.get("last_seen")
        self.interval: float | None = document.get("interval_seconds")
        self.sensor_errors: int = document.get("sensor_errors") or 0
        self.tank = tank
        # The time of the newest sample, for learning the interval; and that given to a sample without one.
        self.last_ms: int | None = to_ms(self.last_seen) if self.last_seen else None
        self.last_arrival: int | None = None
        self.pending: dict[str, Any] = {}
        self.written_at = -inf  # monotonic

    def secret_is(self, secret: str, *, now: datetime) -> bool:
        """Whether it is the device's present secret, or its last within the overlap. In constant time."""
        present, before, until = self.secrets
        return secret_matches(secret, present=present, before=before, until=until, now=now)


class KnownDevices:
    """The devices this process has met, by device id, and the level states of their tanks.

    `trust_states` keeps a tank's level state in memory between batches: right for the one listener that writes
    it, and found out by the state's stamp where it is wrong.
    """

    def __init__(self, *, trust_states: bool) -> None:
        self.trust_states = trust_states
        self.states: dict[int, TankState] = {}  # by series
        self._devices: dict[str, tuple[float, KnownDevice | None]] = {}
        self._by_tank: dict[ObjectId, tuple[str, int]] = {}  # device id and series
        # What decoders remember of senders nobody registered, such as the node above a registered device.
        self.strangers: dict[str, dict[str, Any]] = {}
        # Asked in place of a device that does not exist, so that the asking takes as long.
        self.nobody = KnownDevice(
            {"_id": None, "device_id": "", "kind": "", "slot": 0, "secret_hash": "-" * 64, "status": ""}, None
        )
        self._seen_notice = "$"
        self._redis_again_at = 0.0
        self._doubt_states_until = 0.0

    def get(self, device_id: str) -> KnownDevice | None:
        """The device, looked up if need be; None when nobody registered it."""
        entry = self._devices.get(device_id)
        if entry is None or entry[0] < time.monotonic():
            self.load([device_id])
            entry = self._devices.get(device_id)
        return entry[1] if entry else None

    def loaded(self, device_id: str) -> KnownDevice | None:
        """The device, if it is registered and `load` was asked for it just now."""
        entry = self._devices.get(device_id)
        return entry[1] if entry else None

    def load(self, device_ids: Iterable[str]) -> None:
        """Looks up the devices that are not in memory, by two queries for all of them."""
        now = time.monotonic()
        devices = self._devices
        missing = [name for name in set(device_ids) if (entry := devices.get(name)) is None or entry[0] < now]
        if not missing:
            return
        if len(devices) + len(missing) > KEPT_ENTRIES:
            self.forget_all()
        found = list(collection(Device).find({"device_id": {"$in": missing}}, DEVICE_FIELDS))
        tank_ids = [document["tank_id"] for document in found if document.get("tank_id")]
        tanks = {
            document["_id"]: KnownTank(document)
            for document in collection(Tank).find({"_id": {"$in": tank_ids}}, TANK_FIELDS)
        }
        for document in found:
            tank = tanks.get(document.get("tank_id"))
            device = KnownDevice(document, tank)
            before = devices.get(device.device_id, (0.0, None))[1]
            if before is not None:
                device.last_ms, device.last_arrival = before.last_ms, before.last_arrival
                device.written_at = before.written_at
            devices[device.device_id] = (now + KEPT_SECONDS, device)
            if tank is not None:
                self._by_tank[tank.id] = (device.device_id, tank.series)
        known = {document["device_id"] for document in found}
        for name in missing:
            if name not in known:
                devices[name] = (now + KEPT_SECONDS_UNKNOWN, None)

    def load_states(self, tanks: Mapping[int, KnownTank]) -> None:
        """Brings the level states of these tanks into memory, anew where memory cannot be trusted."""
        missing: Collection[int] = tanks.keys()
        if self.trust_states and time.monotonic() >= self._doubt_states_until:
            missing = tanks.keys() - self.states.keys()
        if not missing:
            return
        if len(self.states) > KEPT_ENTRIES:
            self.states.clear()
            missing = tanks.keys()
        fresh = states_load(tanks[series].id for series in missing)
        for gone in missing - fresh.keys():
            self.states.pop(gone, None)
        self.states.update(fresh)

    def doubt_states(self, seconds: float = 10.0) -> None:
        """Another process writes the same tanks: read their states anew for a while."""
        self._doubt_states_until = time.monotonic() + seconds

    def forget_all(self) -> None:
        self._devices.clear()
        self._by_tank.clear()
        self.states.clear()

    def hear_changes(self) -> None:
        """Forgets what has been changed since the last call."""
        if time.monotonic() < self._redis_again_at:
            return
        try:
            self._hear()
        except RedisError as error:
            # Without word of changes nothing kept can be trusted for long.
            self._redis_again_at = time.monotonic() + REDIS_PAUSE_SECONDS
            self.forget_all()
            log.warning("changes of devices cannot be heard: %s", error)

    def _hear(self) -> None:
        redis = client()
        if self._seen_notice == "$":
            newest = cast(list[Any], redis.xrevrange(STREAM, count=1))
            self._seen_notice = newest[0][0].decode() if newest else "0"
            self.forget_all()
            return
        answer = cast(list[Any], redis.xread({STREAM: self._seen_notice}, count=NOTICES_AT_ONCE))
        if not answer:
            return
        notices = answer[0][1]
        self._seen_notice = notices[-1][0].decode()
        if len(notices) == NOTICES_AT_ONCE:  # more may be waiting, and some may be gone
            self._seen_notice = "$"
            self._hear()
            return
        for _, notice in notices:
            for what, name in notice.items():
                self._forget(what, name.decode())

    def _forget(self, what: bytes, name: str) -> None:
        if what == b"tank":
            tank_id = ObjectId(name)
            if tank_id not in self._by_tank:
                return
            name, series = self._by_tank.pop(tank_id)
            self.states.pop(series, None)
        self._devices.pop(name, None)
