"""What the orders' tests share."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

LevelSet = Callable[..., None]


@pytest.fixture
def set_level() -> LevelSet:
    """`set_level(tank, 20)`: the tank's current level is 20 %, read just now (or `age` ago)."""
    from common.mongo import collection
    from common.time import utc_now
    from tanks.models import Tank

    def set_(tank: Any, level: float, *, age: timedelta = timedelta(), quality: str = "good") -> None:
        current = {
            "level": level,
            "volume_liters": tank.capacity * level / 100,
            "timestamp": utc_now() - age,
            "source": "sensor",
            "quality": quality,
        }
        collection(Tank).update_one({"_id": tank.pk}, {"$set": {"current_level": current}})

    return set_


@pytest.fixture
def auto_tank(tank: Any, set_level: LevelSet) -> Any:
    """Alice's tank, keeping itself full, at 20 % (2,000 of 10,000 litres; low is 25 %)."""
    tank.auto_order = True
    tank.save()
    set_level(tank, 20)
    return tank


@pytest.fixture
def order(alice: Any, tank: Any, sam: Any) -> Any:
    """1,000 litres for alice's tank, placed with sam."""
    from orders.services import order_place

    return order_place(user=alice, tank=tank, amount=1_000)
