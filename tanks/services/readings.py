"""Recording readings: judged, stored once, and the tank's current level moved on, in that order.

What the spike filter remembers of a tank is part of the tank's document and carries a stamp. Every write of it
names the stamp that it was read with, so of two processes that handle the same tank one wins and the other
judges again. The order (insert, then quality, then level) makes a crash harmless: the batch comes again, its
readings are duplicates then, and still move the level.
"""

import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any, NamedTuple

import msgspec
from bson import ObjectId

from common.errors import DomainError
from common.mongo import Document, collection, find_by_ids, update_many_ways
from tanks import readings
from tanks.models import Tank
from tanks.quality import FilterState, Verdict, classify, plain_run
from tanks.readings import GOOD, SUSPECT, Reading, from_ms, to_ms

ATTEMPTS = 20
REPLAY_MS = 2 * 3_600_000
REPLAY_READINGS = 500
FUTURE_TOLERANCE = timedelta(minutes=5)

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

    tank_id: ObjectId
    filter: FilterState = field(default_factory=FilterState)
    stamp: int | None = None
    current: Level | None = None
    zone: str = ""


class Candidate(msgspec.Struct, gc=False):
    """A reading to be recorded: percent, litres, ms since 1970."""

    series: int
    slot: int
    ms: int
    level: float
    volume_liters: float
    source: str


@dataclass(slots=True)
class Recorded:
    """What became of the candidates, by their index.

    `moved` are the series of the tanks whose current level is a new one, `gone` of those deleted meanwhile;
    `conflicts` counts the states that another process had changed.
    """

    qualities: list[str]
    duplicates: set[int] = field(default_factory=set)
    moved: set[int] = field(default_factory=set)
    gone: set[int] = field(default_factory=set)
    conflicts: int = 0


STATE_FIELDS: Document = {"series": 1, "filter_state": 1, "current_level": 1}


def states_load(tank_ids: Iterable[ObjectId]) -> dict[int, TankState]:
    """The states of those of the tanks that exist, by series, with one query."""
    found = find_by_ids(Tank, tank_ids, STATE_FIELDS)
    return {document["series"]: _state_of(document) for document in found.values()}


def _state_of(document: Document) -> TankState:
    kept = document.get("filter_state") or {}
    current = document.get("current_level")
    state = TankState(
        document["_id"],
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


def readings_record(*, candidates: Sequence[Candidate], states: dict[int, TankState]) -> Recorded:
    """Judges and stores the candidates, and moves the current levels that they prove.

    `states`, by series, must hold every candidate's tank; it may be out of date, and is current afterwards (tanks
    that no longer exist are taken out of it). Raises PyMongoError when the database does not take the writes:
    nothing may be acknowledged then, and doing it all again is harmless.
    """
    recorded = Recorded([GOOD] * len(candidates))
    qualities = recorded.qualities
    by_tank: dict[int, list[int]] = defaultdict(list)
    for index, candidate in enumerate(candidates):
        by_tank[candidate.series].append(index)
    work = _Work(candidates, qualities)
    drafts = {series: work.judge(states[series], indexes) for series, indexes in by_tank.items()}
    recorded.duplicates = readings.insert_documents(readings.documents(candidates, qualities))
    stored = qualities.copy()
    for index in recorded.duplicates:
        stored[index] = ""  # judged by whoever stored it; only a confirmation may change it
    for _ in range(ATTEMPTS):
        for draft in drafts.values():
            if draft.late:
                work.settle(draft, recorded.duplicates)
        _correct(candidates, qualities, stored, drafts.values())
        lost = _write_states(drafts, states, recorded.moved)
        if not lost:
            return recorded
        recorded.conflicts += len(lost)
        fresh = states_load(states[series].tank_id for series in lost)
        for series in lost - fresh.keys():
            states.pop(series, None)
            recorded.gone.add(series)
        states.update(fresh)
        drafts = {series: work.judge(fresh[series], by_tank[series]) for series in fresh}
    raise DomainError("busy", "The tank's level is being written by too many at once.", status=503)


@dataclass(slots=True)
class _Draft:
    """A tank's state as the candidates would leave it, not yet written."""

    series: int
    before: TankState
    filter: FilterState
    current: Level | None
    late: list[int] = field(default_factory=list)
    judged_anew: list[tuple[int, int, str]] = field(
        default_factory=list
    )  # ms, slot and quality of earlier ones


class _Work:
    """The judging of one call: candidates and the quality of each."""

    def __init__(self, candidates: Sequence[Candidate], qualities: list[str]) -> None:
        self.candidates = candidates
        self.qualities = qualities

    def judge(self, state: TankState, indexes: list[int]) -> _Draft:
        """Runs one tank's candidates through the filter in order of their time."""
        candidates = self.candidates
        if len(indexes) > 1:
            indexes = sorted(indexes, key=lambda i: candidates[i].ms)
        mine = [candidates[index] for index in indexes]
        draft = _Draft(mine[0].series, state, state.filter, state.current)
        newest: Candidate | None = None
        place = 0
        while place < len(mine):
            begun = place
            place, draft.filter = plain_run(draft.filter, mine, place)
            if place > begun:
                newest = mine[place - 1]
                for index in indexes[begun:place]:
                    self.qualities[index] = GOOD
                continue
            candidate, index = mine[place], indexes[place]
            at = candidate.ms / 1000
            before = draft.filter
            verdict = classify(state=before, at=at, level_percent=candidate.level, source=candidate.source)
            self.qualities[index] = verdict.quality
            after = draft.filter = verdict.state
            if after is before:
                draft.late.append(index)
            elif after.last_good_at == at:
                newest = candidate
            draft.judged_anew += _judged_anew(verdict, candidate.slot)
            place += 1
        if newest is not None:
            current, at_time = draft.current, from_ms(newest.ms)
            if current is None or current.timestamp < at_time:
                # As exact as the reading is stored, so that both are told alike.
                level, volume = round(newest.level, 3), round(newest.volume_liters, 3)
                draft.current = Level(level, volume, at_time, newest.source)
        return draft

    def settle(self, draft: _Draft, duplicates: set[int]) -> None:
        """Judges late readings among their neighbours: they may prove a suspect one, or be proven themselves.

        The newest believed level is never taken back by this.
        """
        suspecting = draft.filter.suspect_at is not None
        late = [
            index
            for index in draft.late
            if suspecting or (index not in duplicates and self.qualities[index] != GOOD)
        ]
        if not late:
            return
        start = min(self.candidates[index].ms for index in late) - REPLAY_MS
        qualities, state, last = _replay(draft.series, start)
        for index in late:
            if index not in duplicates:
                candidate = self.candidates[index]
                self.qualities[index] = qualities.get((candidate.ms, candidate.slot), self.qualities[index])
        newest = draft.filter.last_good_at or 0.0
        if last is not None and (state.last_good_at or 0.0) > newest:
            draft.filter = state
            draft.current = Level(last.level, last.volume_liters, last.timestamp, last.source)
            draft.judged_anew += [
                (*identity, quality)
                for identity, quality in qualities.items()
                if quality == GOOD and identity[0] / 1000 > newest
            ]


def _judged_anew(verdict: Verdict, slot: int) -> list[tuple[int, int, str]]:
    """The earlier readings that this one proves right or refutes: ms, slot and quality."""
    proven = [] if verdict.confirmed_at is None else [(verdict.confirmed_at, GOOD)]
    refuted = [(at, SUSPECT) for at in verdict.refuted]
    return [(round(at * 1000), slot or 1, quality) for at, quality in proven + refuted]


def _replay(series: int, start_ms: int) -> tuple[dict[tuple[int, int], str], FilterState, Reading | None]:
    """The stored readings from `start_ms` on, judged in order of time: (ms, slot) → quality, the state, the last."""
    qualities: dict[tuple[int, int], str] = {}
    state = FilterState()
    last: Reading | None = None
    found = readings.newest(series, start=from_ms(max(start_ms, 0)), limit=REPLAY_READINGS)[::-1]
    while found and found[0].quality != GOOD:
        found = found[1:]  # an outlier is no beginning
    for reading in found:
        at = reading.timestamp.timestamp()
        verdict = classify(state=state, at=at, level_percent=reading.level, source=reading.source)
        state = verdict.state
        qualities[to_ms(reading.timestamp), reading.slot] = verdict.quality
        qualities |= {(ms, slot): quality for ms, slot, quality in _judged_anew(verdict, reading.slot)}
        if state.last_good_at == at:
            last = reading
    return qualities, state, last


def _correct(
    candidates: Sequence[Candidate], qualities: list[str], stored: list[str], drafts: Iterable[_Draft]
) -> None:
    """Writes the qualities that came out otherwise than they were stored."""
    changes = [(draft.series, *anew) for draft in drafts for anew in draft.judged_anew]
    if stored != qualities:
        for index, quality in enumerate(qualities):
            if stored[index] and stored[index] != quality:
                candidate = candidates[index]
                changes.append((candidate.series, candidate.ms, candidate.slot, quality))
                stored[index] = quality
    if changes:
        readings.set_qualities(changes)


def _write_states(drafts: Mapping[int, _Draft], states: dict[int, TankState], moved: set[int]) -> set[int]:
    """Writes the drafts whose tanks are as they were read; returns the series of the others."""
    writes: list[Document] = []
    after: dict[int, TankState] = {}
    for series, draft in drafts.items():
        before = draft.before
        if draft.filter is before.filter and draft.current is before.current:
            continue
        new = TankState(before.tank_id, draft.filter, next(_stamps), draft.current, before.zone)
        after[series] = new
        change: dict[str, Any] = {"filter_state": _filter_document(new)}
        if draft.current is not None and draft.current is not before.current:
            change["current_level"] = level_document(draft.current)
        writes.append(
            {"q": {"_id": before.tank_id, "filter_state.stamp": before.stamp}, "u": {"$set": change}}
        )
    if not writes:
        return set()
    lost: set[int] = set()
    if update_many_ways(Tank, writes) != len(writes):
        found = {
            document["series"]: (document.get("filter_state") or {}).get("stamp")
            for document in collection(Tank).find(
                {"_id": {"$in": [state.tank_id for state in after.values()]}},
                ["series", "filter_state.stamp"],
            )
        }
        lost = {series for series, state in after.items() if found.get(series) != state.stamp}
    for series, state in after.items():
        if series not in lost:
            if state.current is not drafts[series].before.current:
                moved.add(series)
            states[series] = state
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
        "left_at": kept.left_at,
        "left_level": kept.left_level,
        "away": kept.away,
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
        "quality": GOOD,
    }


def zone_write(*, state: TankState, zone: str) -> None:
    """Notes that the alerts of `zone` are up to date; lost to a newer state, which then sees to it itself."""
    written = collection(Tank).update_one(
        {"_id": state.tank_id, "filter_state.stamp": state.stamp}, {"$set": {"filter_state.zone": zone}}
    )
    if written.matched_count:
        state.zone = zone
