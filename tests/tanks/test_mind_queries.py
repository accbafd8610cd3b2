"""What the minds ask of MongoDB is answered by an index, whatever the number of tanks."""

from datetime import timedelta

import pytest

from common.mongo import database
from common.time import utc_now
from orders.services import order_place
from orders.services.replenishment import tank_replenish
from tanks.services.minds import minds_advance, minds_due
from tanks.services.reminders import alerts_remind
from tests.tanks.test_minds import store

pytestmark = pytest.mark.django_db


@pytest.fixture
def profiled():
    """The plans of the commands since, by collection; the profiler's own log is dropped afterwards."""
    base = database()
    base.command("profile", 2)
    yield lambda: {
        (row["ns"].partition(".")[2], row.get("planSummary", ""))
        for row in base["system.profile"].find({"op": {"$in": ["query", "update", "command", "remove"]}})
    }
    base.command("profile", 0)
    base.drop_collection("system.profile")


def test_no_look_at_a_tank_scans_a_collection(tank, alice, sam, profiled):
    tank.auto_order, tank.monthly_order_limit = True, 5_000
    tank.save()
    order_place(user=alice, tank=tank, amount=500)
    now = utc_now()
    times = [now.timestamp() - 900 * back for back in range(400, 0, -1)]
    levels = [60 - 0.02 * n if n < 200 else 95 - 0.02 * n for n in range(400)]
    store(tank, times, levels)
    for later in range(3):
        minds_advance(touched={tank.pk: None}, now=now + timedelta(minutes=later))
    minds_due(now=now + timedelta(days=2))
    alerts_remind(now=now + timedelta(days=9))
    tank_replenish(tank_id=tank.pk)
    plans = profiled()
    assert any(name == "tanks_mind" for name, _ in plans)
    assert any(name == "orders_order" for name, _ in plans)
    scans = {name for name, plan in plans if "COLLSCAN" in plan}
    assert scans <= {"system.profile"}
