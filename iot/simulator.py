"""A small fleet of simulated sensors on real tanks: water is drawn with a day's rhythm, and deliveries arrive."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
from bson import ObjectId

from common.mongo import collection
from common.time import iso
from orders.models import Order
from tanks.models import Tank

PREFIX = "demo-"
NOISE_PERCENT = 0.03
DEFAULT_DAILY_LITERS = 400.0
NIGHT_SHARE = 0.15
EVENT_LITERS = (4.0, 9.0, 12.0, 45.0, 60.0)  # a tap, a toilet, a dishwasher, a shower, a washing machine
FLOW_LITERS_PER_SECOND = 0.2


@dataclass
class SimulatedTank:
    """One tank and its sensor; volumes in litres. `running` is what an open tap has still to draw."""

    tank_id: ObjectId
    device_id: str
    capacity: float
    volume: float
    daily_liters: float
    running: float = 0.0
    battery: float = 92.0

    def live(self, seconds: float, at: datetime, chance: random.Random) -> None:
        """Lets `seconds` pass until `at`: taps open at random, more often by day, and draw at a tap's flow."""
        events_a_day = self.daily_liters / (sum(EVENT_LITERS) / len(EVENT_LITERS))
        expected = events_a_day * _rhythm(at) * seconds / 86_400
        while chance.random() < expected:
            self.running += chance.choice(EVENT_LITERS)
            expected -= 1
        drawn = min(self.running, FLOW_LITERS_PER_SECOND * seconds, self.volume)
        self.running = max(0.0, self.running - FLOW_LITERS_PER_SECOND * seconds)
        self.volume -= drawn
        self.battery = max(5.0, self.battery - seconds / 86_400 / 10)

    def deliver(self, liters: float) -> None:
        self.volume = min(self.capacity, self.volume + liters)

    def payload(self, at: datetime, chance: random.Random) -> bytes:
        """What the sensor says: its level in percent, a little wrong, as sensors are."""
        level = 100 * self.volume / self.capacity + chance.gauss(0, NOISE_PERCENT)
        return orjson.dumps(
            {
                "level": round(min(100.0, max(0.0, level)), 3),
                "timestamp": iso(at),
                "battery": round(self.battery, 1),
                "rssi": chance.randint(-95, -60),
            }
        )


def _rhythm(at: datetime) -> float:
    """How busy the hour is, against the day's mean: peaks in the morning and evening (UTC-7), quiet at night."""
    hour = (at.hour + at.minute / 60 - 7) % 24
    peaks = math.exp(-(((hour - 7.5) / 2.2) ** 2)) + math.exp(-(((hour - 19) / 2.6) ** 2))
    return NIGHT_SHARE + 2.2 * peaks


def fleet_tanks() -> list[SimulatedTank]:
    """The tanks whose device is one of the fleet's, as they stand now."""
    documents = collection(Tank).find({"device_id": {"$gte": PREFIX, "$lt": PREFIX + "~"}})
    return [
        SimulatedTank(
            tank_id=document["_id"],
            device_id=document["device_id"],
            capacity=document["capacity"],
            volume=(document.get("current_level") or {}).get("volume_liters", document["capacity"] / 2),
            daily_liters=document["avg_daily_usage"] or DEFAULT_DAILY_LITERS,
        )
        for document in documents
    ]


def deliveries(tanks: list[SimulatedTank], since: datetime) -> Iterator[tuple[ObjectId, float, datetime]]:
    """Deliveries to those tanks after `since`: tank, litres, when."""
    wanted = {
        "tank_id": {"$in": [tank.tank_id for tank in tanks]},
        "is_open": False,
        "status": "delivered",
        "actual_delivery_date": {"$gt": since, "$lt": since + timedelta(days=1)},
    }
    for order in collection(Order).find(wanted).sort("actual_delivery_date", 1):
        yield order["tank_id"], order["delivered_liters"] or order["amount"], order["actual_delivery_date"]
