"""What the portal reads of customers: those with a tank that the supplier has been offered, or an order of its."""

import re
from dataclasses import dataclass
from typing import Any

from bson import ObjectId

from accounts.models import User
from common.errors import NotFoundError
from common.mongo import Document, collection, object_id
from orders.models import Order
from suppliers.portal.paging import PAGE_SIZE, Page, page_within
from suppliers.portal.tanks_read import PICTURE, TankRow, tank_row
from tanks.models import Alert, AlertKind, Tank


@dataclass(frozen=True)
class CustomerRow:
    user: User
    tanks: list[TankRow]

    @property
    def emptiest(self) -> TankRow | None:
        measured = [tank for tank in self.tanks if tank.level is not None]
        return min(measured, key=lambda tank: tank.level or 0.0, default=None)


@dataclass(frozen=True)
class OpenAlert:
    tank: str
    kind: str
    severity: str
    opened_at: Any


@dataclass(frozen=True)
class Customer:
    user: User
    tanks: list[TankRow]
    alerts: list[OpenAlert]


def _ids(supplier_id: ObjectId) -> list[ObjectId]:
    by_tank = collection(Tank).distinct("user_id", {"supplier_ids": supplier_id})
    by_order = collection(Order).distinct("user_id", {"supplier_id": supplier_id})
    return list({*by_tank, *by_order})


def customers_page(*, supplier_id: ObjectId, search: str, number: int) -> Page[CustomerRow]:
    """Customers by name; `search` is a part of a name, e-mail, phone, street or a postal code."""
    match: dict[str, Any] = {"_id": {"$in": _ids(supplier_id)}}
    if search:
        part = {"$regex": re.escape(search), "$options": "i"}
        fields = ("name", "email", "phone", "address.street", "address.city", "address.postal_code")
        match["$or"] = [{field: part} for field in fields]
    count = collection(User).count_documents(match)
    number = page_within(number, count)
    found = collection(User).find(match, {"_id": 1}).sort([("name", 1), ("_id", 1)])
    ids = [row["_id"] for row in found.skip((number - 1) * PAGE_SIZE).limit(PAGE_SIZE)]
    users = User.objects.in_bulk(ids)
    people = [users[key] for key in ids if key in users]
    tanks = _tanks(supplier_id, [person.pk for person in people])
    rows = [
        CustomerRow(person, [tank_row(tank, person) for tank in tanks if tank["user_id"] == person.pk])
        for person in people
    ]
    return Page(rows, count, number)


def _tanks(supplier_id: ObjectId, user_ids: list[ObjectId]) -> list[Document]:
    wanted = {"supplier_ids": supplier_id, "user_id": {"$in": user_ids}}
    return list(collection(Tank).find(wanted, PICTURE).sort("created_at", 1))


def customer_get_for(*, supplier_id: ObjectId, customer_id: str) -> Customer:
    """A customer of the supplier, with the tanks it may see; NotFoundError for anybody else."""
    key = object_id(customer_id)
    documents = _tanks(supplier_id, [key]) if key else []
    known = documents or (key and collection(Order).find_one({"user_id": key, "supplier_id": supplier_id}))
    user = User.objects.filter(pk=key).first() if known else None
    if user is None:
        raise NotFoundError("customer")
    names = {document["_id"]: document["name"] or "Tank" for document in documents}
    alerts = [
        OpenAlert(
            names[alert["tank_id"]], AlertKind(alert["kind"]).label, alert["severity"], alert["opened_at"]
        )
        for alert in collection(Alert).find({"tank_id": {"$in": list(names)}, "is_open": True})
    ]
    return Customer(user, [tank_row(document, user) for document in documents], alerts)
