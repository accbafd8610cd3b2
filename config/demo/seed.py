"""Makes the demo's data, once: a seed that died half-way is cleared and made anew."""

import numpy as np

from accounts.models import Supplier, User
from common.mongo import collection, database
from common.time import utc_now
from config.demo.orders import make_orders
from config.demo.people import emails, make_people
from config.demo.tanks import Story, make_tanks
from notifications.models import Notification
from orders.models import Order
from suppliers.models import Driver, Vehicle
from tanks import readings
from tanks.models import Alert, Device, Mind, Tank

SEED = 2026
MARK = {"_id": "demo_seeded"}


def is_seeded() -> bool:
    return database()["counters"].find_one(MARK) is not None


def seed() -> list[Story]:
    """The same data from the same seed, up to the present minute. Returns the tanks' stories."""
    _clear()
    random = np.random.default_rng(SEED)
    now = utc_now().replace(second=0, microsecond=0)
    suppliers, customers = make_people(random)
    stories = make_tanks(customers, now=now, random=random)
    make_orders(stories, suppliers, now=now, random=random)
    database()["counters"].insert_one(MARK | {"at": now})
    return stories


def _clear() -> None:
    """Removes what an unfinished seed left: the demo's users and all that is theirs."""
    users = list(User.objects.filter(email__in=emails()).values_list("pk", flat=True))
    tanks = list(collection(Tank).find({"user_id": {"$in": users}}, {"series": 1}))
    tank_ids = [tank["_id"] for tank in tanks]
    readings.delete_all(tank["series"] for tank in tanks)
    for model, wanted in (
        (Device, {"tank_id": {"$in": tank_ids}}),
        (Alert, {"tank_id": {"$in": tank_ids}}),
        (Mind, {"_id": {"$in": tank_ids}}),
        (Order, {"user_id": {"$in": users}}),
        (Notification, {"user_id": {"$in": users}}),
        (Tank, {"_id": {"$in": tank_ids}}),
        (Driver, {"supplier_id": {"$in": users}}),
        (Vehicle, {"supplier_id": {"$in": users}}),
        (Supplier, {"_id": {"$in": users}}),
        (User, {"_id": {"$in": users}}),
    ):
        collection(model).delete_many(wanted)
