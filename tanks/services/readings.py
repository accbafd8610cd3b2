"""Recording readings: judged, stored once, and the tank's current level moved on, in that order.

What the spike filter remembers of a tank is part of the tank's document and carries a stamp. Every write of it
names the stamp that it was read with, so of two processes that handle the same tank one wins and the other
judges again. The order (insert, then quality, then level) makes a crash harmless: the batch comes again, its
readings are duplicates then, and still move the level.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any, NamedTuple

from bson import ObjectId
from pymongo import UpdateOne

from common.errors import DomainError
from common.mongo import Document, collection
from tanks import readings
from tanks.models import Tank
from tanks.quality import FilterState, Verdict, classify
from tanks.readings import Reading

ATTEMPTS = 20
REPLAY_WINDOW = timedelta(hours=2)
REPLAY_READINGS = 500
FUTURE_TOLERANCE = timedelta(minutes=5)
MILLISECOND = timedelta(milliseconds=1)

# Stamps are unique over processes; their order means nothing.
_stamps = count(secrets.randbits(31) << 32)


class Level(NamedTuple):
    """A believed level: percent, litres, UTC."""

    level: float
    volume_liters: float
    timestamp: datetime
    source: str


@dataclass(slots=True)
class TankState:
    """What changes in a tank with every reading. `zone` is the level zone whose alerts are up to date."""

    filter: FilterState = field(default_factory=FilterState)
    stamp: int | None = None
    current: Level | None = None
    zone: str = ""


class Candidate(NamedTuple):
    """A reading to be recorded: percent, litres, UTC to the millisecond."""

    tank_id: ObjectId
    series: int
    slot: int
    timestamp: datetime
    level: float
    volume_liters: float
    source: str = "sensor"


@dataclass(slots=True)
class Recorded:
    """What became of the candidates, by their index.

    `moved` are the tanks whose current level is a new one, `gone` those deleted meanwhile; `conflicts` counts
    the states that another process had changed.
    """

    qualities: list[str]
    duplicates: set[int] = field(default_factory=set)
    moved: set[ObjectId] = field(default_factory=set)
    gone: set[ObjectId] = field(default_factory=set)
    conflicts: int = 0


def states_load(tank_ids: Iterable[ObjectId]) -> dict[ObjectId, TankState]:
    """The states of the tanks that exist, by one query."""
    wanted = {"filter_state": 1, "current_level": 1}
    found = collection(Tank).find({"_id": {"$in": list(tank_ids)}}, wanted)
    return {document["_id"]: _state_of(document) for document in found}


def _state_of(document: Document) -> TankState:
    kept = document.get("filter_state") or {}
    current = document.get("current_level")
    state = TankState(
        filter=FilterState.from_dict(kept),
        stamp=kept.get("stamp"),
        current=Level(current["level"], current["volume_liters"], current["timestamp"], current["source"])
        if current
        else None,
        zone=kept.get("zone", ""),
    )
    if state.current and state.filter.last_good_at is None:
        # A level that something else wrote (seeded, imported): the filter starts from it.
        state.filter = FilterState(state.current.timestamp.timestamp(), state.current.level)
    return state


def readings_record(*, candidates: Sequence[Candidate], states: dict[ObjectId, TankState]) -> Recorded:
    """Judges and stores the candidates, and moves the current levels that they prove.

    `states` must hold every candidate's tank; it may be out of date, and is current afterwards (tanks that no
    longer exist are taken out of it). Raises PyMongoError when the database does not take the writes: nothing
    may be acknowledged then, and doing it all again is harmless.
    """
    recorded = Recorded(["good"] * len(candidates))
    work = _Work(candidates, recorded.qualities)
    by_tank: dict[ObjectId, list[int]] = {}
    for index, candidate in enumerate(candidates):
        by_tank.setdefault(candidate.tank_id, []).append(index)
    drafts = {tank_id: work.judge(states[tank_id], indexes) for tank_id, indexes in by_tank.items()}
    recorded.duplicates = readings.insert(
        [
            Reading(c.series, c.timestamp, c.level, c.volume_liters, c.source, quality, c.slot)
            for c, quality in zip(candidates, recorded.qualities, strict=True)
        ]
    )
    stored = list(recorded.qualities)
    for index in recorded.duplicates:
        stored[index] = ""  # judged by whoever stored it; only a confirmation may change it
    for _ in range(ATTEMPTS):
        for tank_id, draft in drafts.items():
            work.settle(draft, by_tank[tank_id], recorded.duplicates)
        _correct(candidates, recorded.qualities, stored, drafts.values())
        lost = _write_states(drafts, states, recorded.moved)
        if not lost:
            return recorded
        recorded.conflicts += len(lost)
        fresh = states_load(lost)
        for tank_id in lost - fresh.keys():
            states.pop(tank_id, None)
            recorded.gone.add(tank_id)
        states.update(fresh)
        drafts = {tank_id: work.judge(fresh[tank_id], by_tank[tank_id]) for tank_id in fresh}
    raise DomainError("busy", "The tank's level is being written by too many at once.", status=503)


@dataclass(slots=True)
class _Draft:
    """A tank's state as the candidates would leave it, not yet written."""

    series: int
    slot: int
    before: TankState
    filter: FilterState
    current: Level | None
    late: list[int] = field(default_factory=list)
    confirmed: list[tuple[int, int]] = field(default_factory=list)  # (ms, slot) of readings now believed


class _Work:
    """The judging of one call: candidates and the quality of each."""

    def __init__(self, candidates: Sequence[Candidate], qualities: list[str]) -> None:
        self.candidates = candidates
        self.qualities = qualities

    def judge(self, state: TankState, indexes: list[int]) -> _Draft:
        """Runs one tank's candidates through the filter in order of their time."""
        candidates = self.candidates
        if len(indexes) > 1:
            indexes = sorted(indexes, key=lambda i: candidates[i].timestamp)
        first = candidates[indexes[0]]
        draft = _Draft(first.series, first.slot, state, state.filter, state.current)
        for index in indexes:
            candidate = candidates[index]
            at = candidate.timestamp.timestamp()
            before = draft.filter
            verdict = classify(state=before, at=at, level_percent=candidate.level, source=candidate.source)
            self.qualities[index] = verdict.quality
            draft.filter = verdict.state
            if verdict.state is before:
                draft.late.append(index)
            elif verdict.state.last_good_at == at:
                draft.current = _newer(draft.current, candidate)
            if verdict.confirmed_suspect:
                draft.confirmed.append(_identity(verdict, candidate))
        return draft

    def settle(self, draft: _Draft, indexes: list[int], duplicates: set[int]) -> None:
        """Judges late readings among their neighbours: they may prove a suspect one, or be proven themselves.

        The newest believed level is never taken back by this.
        """
        late = [index for index in draft.late if index not in duplicates or draft.filter.suspect_at]
        doubtful = [index for index in late if self.qualities[index] != "good"]
        if draft.filter.suspect_at is None and not doubtful:
            return
        if not late:
            return
        start = min(self.candidates[index].timestamp for index in late) - REPLAY_WINDOW
        qualities, state, last = _replay(draft.series, start)
        for index in late:
            if index not in duplicates:
                candidate = self.candidates[index]
                known = qualities.get((readings.to_ms(candidate.timestamp), candidate.slot))
                self.qualities[index] = known or self.qualities[index]
        newest = draft.filter.last_good_at or 0.0
        if last is not None and (state.last_good_at or 0.0) > newest:
            draft.filter = state
            draft.current = Level(last.level, last.volume_liters, last.timestamp, last.source)
            draft.confirmed += [
                identity
                for identity, quality in qualities.items()
                if quality == "good" and identity[0] / 1000 > newest
            ]


def _newer(current: Level | None, candidate: Candidate) -> Level:
    if current is not None and current.timestamp >= candidate.timestamp:
        return current
    return Level(candidate.level, candidate.volume_liters, candidate.timestamp, candidate.source)


def _identity(verdict: Verdict, candidate: Candidate) -> tuple[int, int]:
    slot = candidate.slot or 1
    return round((verdict.confirmed_at or 0.0) * 1000), slot


def _replay(series: int, start: datetime) -> tuple[dict[tuple[int, int], str], FilterState, Reading | None]:
    """The stored readings from `start` on, judged in order of time: (ms, slot) → quality, the state, the last."""
    qualities: dict[tuple[int, int], str] = {}
    state = FilterState()
    last: Reading | None = None
    found = readings.newest(series, start=start, limit=REPLAY_READINGS)[::-1]
    while found and found[0].quality != "good":
        found = found[1:]  # an outlier is no beginning
    for reading in found:
        at = reading.timestamp.timestamp()
        verdict = classify(state=state, at=at, level_percent=reading.level, source=reading.source)
        state = verdict.state
        qualities[readings.to_ms(reading.timestamp), reading.slot] = verdict.quality
        if verdict.confirmed_suspect:
            qualities[round((verdict.confirmed_at or 0.0) * 1000), reading.slot or 1] = "good"
        if state.last_good_at == at:
            last = reading
    return qualities, state, last


def _correct(
    candidates: Sequence[Candidate], qualities: list[str], stored: list[str], drafts: Iterable[_Draft]
) -> None:
    """Writes the qualities that came out otherwise than they were stored."""
    changes = []
    for index, quality in enumerate(qualities):
        if stored[index] and stored[index] != quality:
            candidate = candidates[index]
            ms = readings.to_ms(candidate.timestamp)
            changes.append((candidate.series, ms, candidate.slot, quality))
            stored[index] = quality
    for draft in drafts:
        changes += [(draft.series, ms, slot, "good") for ms, slot in draft.confirmed]
    readings.set_qualities(changes)


def _write_states(
    drafts: Mapping[ObjectId, _Draft], states: dict[ObjectId, TankState], moved: set[ObjectId]
) -> set[ObjectId]:
    """Writes the drafts whose tanks are as they were read; returns those of the others."""
    writes: list[UpdateOne] = []
    after: dict[ObjectId, TankState] = {}
    for tank_id, draft in drafts.items():
        before = draft.before
        if draft.filter is before.filter and draft.current is before.current:
            continue
        new = TankState(draft.filter, next(_stamps), draft.current, before.zone)
        after[tank_id] = new
        change: dict[str, Any] = {"filter_state": _filter_document(new)}
        if draft.current is not None and draft.current is not before.current:
            change["current_level"] = level_document(draft.current)
        writes.append(UpdateOne({"_id": tank_id, "filter_state.stamp": before.stamp}, {"$set": change}))
    if not writes:
        return set()
    result = collection(Tank).bulk_write(writes, ordered=False)
    lost: set[ObjectId] = set()
    if result.matched_count != len(writes):
        wanted = {"filter_state.stamp": 1}
        found = {
            document["_id"]: (document.get("filter_state") or {}).get("stamp")
            for document in collection(Tank).find({"_id": {"$in": list(after)}}, wanted)
        }
        lost = {tank_id for tank_id, state in after.items() if found.get(tank_id) != state.stamp}
    for tank_id, state in after.items():
        if tank_id not in lost:
            if state.current is not drafts[tank_id].before.current:
                moved.add(tank_id)
            states[tank_id] = state
    return lost


def _filter_document(state: TankState) -> Document:
    kept = state.filter
    return {
        "last_good_at": kept.last_good_at,
        "last_good_level": kept.last_good_level,
        "pace": kept.pace,
        "settling_until": kept.settling_until,
        "suspect_at": kept.suspect_at,
        "suspect_level": kept.suspect_level,
        "suspect_count": kept.suspect_count,
        "stamp": state.stamp,
        "zone": state.zone,
    }


def level_document(level: Level) -> Document:
    """A current level as the tank's document embeds it."""
    return {
        "level": level.level,
        "volume_liters": level.volume_liters,
        "timestamp": level.timestamp,
        "source": level.source,
        "quality": "good",
    }


def zone_write(*, tank_id: ObjectId, state: TankState, zone: str) -> None:
    """Notes that the alerts of `zone` are up to date; lost to a newer state, which then sees to it itself."""
    written = collection(Tank).update_one(
        {"_id": tank_id, "filter_state.stamp": state.stamp}, {"$set": {"filter_state.zone": zone}}
    )
    if written.matched_count:
        state.zone = zone
