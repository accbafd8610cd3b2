"""What a supplier keeps about people: drivers, and the vehicles they drive."""

from collections.abc import Iterator
from typing import Any

from bson import ObjectId

from accounts.personal_data import Holder
from common.mongo import collection
from suppliers.models import Driver, Vehicle


def drivers_export(user_id: ObjectId) -> Iterator[Any]:
    fields = {"_id": 0, "name": 1, "phone": 1, "active": 1, "created_at": 1}
    yield from collection(Driver).find({"supplier_id": user_id}, fields)


def drivers_erase(user_id: ObjectId) -> None:
    collection(Driver).delete_many({"supplier_id": user_id})


def vehicles_export(user_id: ObjectId) -> Iterator[Any]:
    fields = {"_id": 0, "name": 1, "plate": 1, "capacity_liters": 1, "active": 1, "created_at": 1}
    yield from collection(Vehicle).find({"supplier_id": user_id}, fields)


def vehicles_erase(user_id: ObjectId) -> None:
    collection(Vehicle).delete_many({"supplier_id": user_id})


HOLDERS = (
    Holder(name="drivers", export=drivers_export, erase=drivers_erase),
    Holder(name="vehicles", export=vehicles_export, erase=vehicles_erase),
)
