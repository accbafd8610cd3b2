"""The demo's tanks with their devices and sixty days of readings."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from accounts.models import User
from common.mongo import next_number
from config.demo import cast
from config.demo.history import DAYS, History, Household, simulate
from tanks import readings
from tanks.models import CurrentLevel, Device, DeviceStatus, GeoPoint, Tank
from tanks.readings import Reading
from tanks.services.devices import secret_hash

PHOENIX_OFFSET_HOURS = -7
CAPACITIES = (5_000, 7_500, 10_000, 12_500, 20_000)
SILENT_EVERY = 13  # one sensor in so many has gone silent


@dataclass
class Story:
    """A tank, its owner and what happened to it."""

    tank: Tank
    owner: User
    home: Household
    history: History


def make_tanks(customers: list[User], *, now: datetime, random: np.random.Generator) -> list[Story]:
    """A tank or two for each customer. The first customer's first tank is about to be low."""
    stories: list[Story] = []
    for place, owner in enumerate(customers):
        for _ in range(2 if place % 7 == 0 else 1):
            stories.append(_make_tank(len(stories), owner, now, random))
    return stories


def household(place: int, random: np.random.Generator) -> Household:
    capacity = float(CAPACITIES[place % len(CAPACITIES)])
    daily = capacity * float(random.uniform(0.03, 0.075))
    if place == 0:
        # Never refilled: it stands just above its threshold now, so that one sees it ordered for.
        return Household(capacity, 0.69 * capacity / DAYS, start_percent=95, order_at=-1)
    # A small leak shows only over many nights.
    leak, leak_days = {5: (0.05 * capacity, 4), 17: (90.0, 10), 29: (0.04 * capacity, 4)}.get(place, (0.0, 0))
    away = int(random.integers(20, 45)) if place % 6 == 3 else -1
    return Household(
        capacity=capacity,
        daily_liters=daily,
        start_percent=float(random.uniform(45, 95)),
        order_at=float(random.uniform(22, 32)),
        leak_liters_per_day=leak,
        leak_days=leak_days,
        away_from_day=away,
        away_days=7 if away >= 0 else 0,
    )


def _make_tank(place: int, owner: User, now: datetime, random: np.random.Generator) -> Story:
    home = household(place, random)
    silent = place % SILENT_EVERY == SILENT_EVERY - 1
    until = now - timedelta(hours=9) if silent else now
    history = simulate(home, until=until, utc_offset_hours=PHOENIX_OFFSET_HOURS, random=random)
    last = history.percent[-1]
    coordinates = owner.address.coordinates
    drawn = (home.start_percent - last) * home.capacity / 100 + sum(liters for _, liters in history.refills)
    device_id = f"demo-{place + 1:02d}"
    tank = Tank.objects.create(
        user=owner,
        series=next_number("series"),
        name=cast.TANK_NAMES[place % len(cast.TANK_NAMES)],
        capacity=home.capacity,
        avg_daily_usage=round(drawn / DAYS, 1),
        low_water_threshold=round(last, 1) if place == 0 else 25.0,
        critical_threshold=10.0,
        auto_order=place == 0 or place % 3 == 0,
        device_id=device_id,
        device_slots=1,
        installed_date=now - timedelta(days=DAYS + 200 + place),
        location=GeoPoint(coordinates=[coordinates.longitude, coordinates.latitude]),
        current_level=CurrentLevel(
            level=last, volume_liters=last * home.capacity / 100, timestamp=history.times[-1]
        ),
    )
    Device.objects.create(
        device_id=device_id,
        tank=tank,
        secret_hash=secret_hash(cast.DEVICE_SECRET),
        status=DeviceStatus.OFFLINE if silent else DeviceStatus.ONLINE,
        status_changed_at=history.times[-1],
        last_seen=history.times[-1],
        interval_seconds=900,
        battery_percent=float(random.integers(20, 100)),
        rssi_dbm=float(random.integers(-105, -60)),
        firmware="1.4.2",
    )
    _store(tank, history)
    return Story(tank, owner, home, history)


def _store(tank: Tank, history: History) -> None:
    readings.insert(
        [
            Reading(tank.series, at, percent, percent * tank.capacity / 100)
            for at, percent in zip(history.times, history.percent, strict=True)
        ]
    )
