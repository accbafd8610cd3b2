"""What the portal's tests share."""

from typing import Any

import pytest


@pytest.fixture
def order(alice: Any, tank: Any, sam: Any) -> Any:
    """1,000 litres for alice's tank, placed with sam."""
    from orders.services import order_place

    return order_place(user=alice, tank=tank, amount=1_000)


@pytest.fixture
def watched_tank(tank: Any, order: Any) -> Any:
    """Alice's tank, that sam may see, at 18 % after three days of readings and a refill, with an open alert."""
    from datetime import timedelta

    from common.mongo import collection
    from common.time import utc_now
    from tanks.models import Alert, AlertKind, Tank
    from tanks.readings import Reading, insert

    now = utc_now()
    levels = [30 - hour / 4 if hour < 40 else 90 - (hour - 40) * 2.4 for hour in range(70)]
    insert(
        [
            Reading(
                series=tank.series,
                timestamp=now - timedelta(hours=70 - hour),
                level=level,
                volume_liters=tank.capacity * level / 100,
            )
            for hour, level in enumerate(levels)
        ]
    )
    current = {
        "level": levels[-1],
        "volume_liters": tank.capacity * levels[-1] / 100,
        "timestamp": now,
        "source": "sensor",
        "quality": "good",
    }
    collection(Tank).update_one(
        {"_id": tank.pk},
        {"$set": {"current_level": current, "avg_daily_usage": 480.0}},
    )
    Alert.objects.create(
        tank_id=tank.pk, user_id=tank.user_id, kind=AlertKind.LOW, severity="warning", opened_at=now
    )
    return Tank.objects.get(pk=tank.pk)
