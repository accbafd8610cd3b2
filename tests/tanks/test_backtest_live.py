"""History through the backtest and the same readings through the live minds: one and the same findings."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest

from common.mongo import collection
from tanks import readings
from tanks.backtest import History, moment, replay
from tanks.mind import TankFacts
from tanks.models import Alert, Mind
from tanks.readings import Reading
from tanks.services.mind_alerts import OWN
from tanks.services.minds import minds_advance
from tests.tanks.water import DAY, MONDAY, Household

pytestmark = pytest.mark.django_db

CAPACITY = 4_000.0


def troubled() -> tuple[np.ndarray, np.ndarray]:
    """A month with a leak, a burst, a stuck sensor, wild echoes, a silent night and an empty tank ahead."""
    times, levels = Household(
        days=30, refills=[(6.4, 2400), (12.4, 2450), (20.4, 3300), (25.4, 2500)], leak=(13.0, 150.0)
    ).readings()
    day = (times - MONDAY) / DAY
    levels = levels - np.clip((day - 22.0) * 24 * 8, 0, 12)  # an hour and a half of a burst
    stuck = (day >= 26) & (day < 29)
    levels[stuck] = levels[stuck][0]
    chance = np.random.default_rng(4)
    wild = (chance.random(len(times)) < 0.003) & ~stuck
    levels[wild] = chance.uniform(0, 100, wild.sum())
    kept = (chance.random(len(times)) > 0.02) & ~((day > 9.9) & (day < 10.3))
    return times[kept], levels.clip(0, 100).round(3)[kept]


def test_the_backtest_finds_what_the_live_minds_find(tank):
    times, levels = troubled()
    facts = TankFacts(CAPACITY, "UTC", tank.low_water_threshold, tank.critical_threshold)
    found = replay(History("home", facts, times, levels, float(times[-1])))
    assert {row[1] for row in found["alerts"]} >= {"leak", "burst", "stuck", "runout_soon"}
    type(tank).objects.filter(pk=tank.pk).update(capacity=CAPACITY)
    feed(tank, times, levels)

    own = [row for row in found["alerts"] if row[1] in OWN]
    stored = [
        (
            alert["kind"],
            said(alert["opened_at"]),
            said(alert["closed_at"]) if alert["closed_at"] else "",
            alert["severity"],
            alert["evidence"],
        )
        for alert in collection(Alert).find({"tank_id": tank.pk, "kind": {"$in": list(OWN)}})
    ]
    assert sorted(stored, key=str) == sorted(
        ((kind, opened, closed, severity, json.loads(e)) for _, kind, opened, closed, severity, e in own),
        key=str,
    )
    mind = collection(Mind).find_one({"_id": tank.pk})
    assert [(row["at"], row["liters"]) for row in mind["refills"]] == [row[1:] for row in found["refills"]]
    lived = [(datetime.fromordinal(row[0]).date().isoformat(), row[1]) for row in mind["days"]]
    assert lived == [row[1:] for row in found["usage"]][: len(lived)]
    assert len(found["usage"]) - len(lived) <= 2  # the end of a history also closes its last days


def said(at: datetime) -> str:
    return moment(at.replace(tzinfo=UTC).timestamp())


def feed(tank, times: np.ndarray, levels: np.ndarray) -> None:
    """Readings stored and thought about in parts of one to some hundred, as a worker meets them."""
    chance, start = np.random.default_rng(8), 0
    while start < len(times):
        part = slice(start, start + round(500 ** chance.random()))
        stamps = [datetime.fromtimestamp(at, UTC) for at in times[part]]
        readings.insert(
            [
                Reading(tank.series, at, level, level * CAPACITY / 100)
                for at, level in zip(stamps, levels[part].tolist(), strict=True)
            ]
        )
        minds_advance(touched={tank.pk: None}, now=stamps[-1])
        start = part.stop
