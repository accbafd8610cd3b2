"""What is read of orders: raw documents, names fetched for all of a page at once, shaped once as the API tells them."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import lru_cache

from bson import Decimal128, ObjectId
from pymongo import DESCENDING

from accounts.models import Role, Supplier, User
from accounts.people import Somebody
from common.errors import NotFoundError
from common.mongo import Document, counted_page, find_by_ids, find_one
from orders.models import Order
from tanks.models import Tank
from tanks.selectors import level_payload

NOT_READ = {"announcing_until": 0, "unannounced": 0, "declined_by": 0}


def order_get_for(*, user: Somebody, order_id: ObjectId) -> Order:
    """The order, for its customer, its present supplier or an administrator; NotFoundError for anyone else."""
    order = Order.objects.filter(pk=order_id, **visible_to(user)).first()
    if order is None:
        raise NotFoundError("order")
    return order


def order_document_for(*, user: Somebody, order_id: ObjectId) -> Document:
    """The same as `order_get_for`, as stored."""
    document = find_one(Order, {"_id": order_id, **visible_to(user)}, NOT_READ)
    if document is None:
        raise NotFoundError("order")
    return document


def visible_to(user: Somebody) -> Document:
    """The filter for the orders that a user may see."""
    match user.role:
        case Role.ADMIN:
            return {}
        case Role.SUPPLIER:
            return {"supplier_id": user.pk}
        case _:
            return {"user_id": user.pk}


def orders_page(*, wanted: Document, skip: int, limit: int) -> tuple[int, list[Document]]:
    """How many orders there are, and the documents of one page, newest first."""
    newest_first = ("order_date", DESCENDING)
    return counted_page(Order, wanted, order=newest_first, skip=skip, limit=limit, fields=NOT_READ)


def customer_payloads(documents: Sequence[Document]) -> list[Document]:
    """Orders as their customer sees them, with supplier and tank by name: two queries for all."""
    suppliers = _suppliers(documents)
    tanks = find_by_ids(Tank, (row["tank_id"] for row in documents), {"name": 1})
    return [
        {
            **order_payload(row),
            "supplier": suppliers.get(row["supplier_id"]),
            "tankName": tanks.get(row["tank_id"], {}).get("name"),
        }
        for row in documents
    ]


def supplier_payloads(documents: Sequence[Document]) -> list[Document]:
    """Orders as their supplier sees them, with customer and tank: two queries for all."""
    customers = _customers(row["user_id"] for row in documents)
    fields = {"name": 1, "capacity": 1, "current_level": 1, "location": 1}
    tanks = find_by_ids(Tank, (row["tank_id"] for row in documents), fields)
    return [
        {
            **order_payload(row),
            "customer": customers.get(row["user_id"]),
            "tank": _tank(tanks.get(row["tank_id"])),
        }
        for row in documents
    ]


def admin_payloads(documents: Sequence[Document]) -> list[Document]:
    """Orders as administrators see them, with both parties: two queries for all."""
    customers, suppliers = _customers(row["user_id"] for row in documents), _suppliers(documents)
    return [
        {
            **order_payload(row),
            "customer": customers.get(row["user_id"]),
            "supplier": suppliers.get(row["supplier_id"]),
        }
        for row in documents
    ]


def order_payload(row: Document) -> Document:
    """An order alone, as everyone who may see it sees it."""
    review = row["review"]
    return {
        "id": row["_id"],
        "orderNumber": row["order_number"],
        "userId": row["user_id"],
        "tankId": row["tank_id"],
        "supplierId": row["supplier_id"],
        "orderDate": row["order_date"],
        "requestedDate": row["requested_date"],
        "scheduledDeliveryDate": row["scheduled_delivery_date"],
        "actualDeliveryDate": row["actual_delivery_date"],
        "status": row["status"],
        "statusHistory": [
            {
                "status": step["status"],
                "timestamp": step["timestamp"],
                "updatedBy": step["updated_by"],
                "notes": step["notes"],
            }
            for step in row["status_history"]
        ],
        "amount": row["amount"],
        "price": money(row["price"]),
        "pricePerLiter": money(row["price_per_liter"]),
        "currency": row["currency"],
        "invoiceNumber": row["invoice_number"] or None,
        "paymentStatus": row["payment_status"],
        "payment": _payment(row["payment"]),
        "deliveryNotes": row["delivery_notes"],
        "customerSignature": row["customer_signature"] or None,
        "driverNotes": row["driver_notes"],
        "delivery": {
            "driverId": row["driver_id"],
            "driverName": row["driver_name"] or None,
            "deliveredLiters": row["delivered_liters"],
            "measuredLiters": row.get("measured_liters"),
        },
        "tracking": None,
        "auto": row["auto"],
        "why": row["why"],
        "review": {"rating": review["rating"], "comment": review["comment"], "date": review["date"]}
        if review
        else None,
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
    }


def money(amount: Decimal128 | None) -> Decimal | None:
    """A stored amount of money as a Decimal."""
    return _decimal(amount.bid) if amount is not None else None


@lru_cache(maxsize=10_000)
def _decimal(bid: bytes) -> Decimal:
    # Prices repeat, and reading one takes longer than all else that an order's payload needs.
    return Decimal128.from_bid(bid).to_decimal()


def _payment(payment: Document) -> Document:
    return {
        "provider": payment["provider"],
        "method": payment["method"] or None,
        "reference": payment["reference"] or None,
        "amount": money(payment["amount"]),
        "refunded": money(payment["refunded"]),
        "paidAt": payment["paid_at"],
        "refundedAt": payment["refunded_at"],
    }


def _tank(tank: Document | None) -> Document | None:
    if tank is None:
        return None
    current, location = tank["current_level"], tank["location"]
    return {
        "id": tank["_id"],
        "name": tank["name"],
        "capacity": tank["capacity"],
        "currentLevel": level_payload(current) if current else None,
        "location": {"latitude": location["coordinates"][1], "longitude": location["coordinates"][0]}
        if location
        else None,
    }


def customer_payload(user: Document) -> Document:
    """A customer as the supplier who brings the water sees them."""
    address = user["address"] or {}
    coordinates = address.get("coordinates")
    return {
        "id": user["_id"],
        "name": user["name"],
        "phone": user["phone"],
        "address": {
            "street": address["street"],
            "city": address["city"],
            "state": address["state"],
            "postalCode": address["postal_code"],
            "country": address["country"],
            "coordinates": {"latitude": coordinates["latitude"], "longitude": coordinates["longitude"]}
            if coordinates
            else None,
        }
        if address
        else None,
    }


CUSTOMER_FIELDS = {"name": 1, "phone": 1, "address": 1}


def _customers(ids: Iterable[ObjectId]) -> dict[ObjectId, Document]:
    found = find_by_ids(User, ids, CUSTOMER_FIELDS)
    return {key: customer_payload(user) for key, user in found.items()}


def _suppliers(documents: Sequence[Document]) -> dict[ObjectId, Document]:
    found = find_by_ids(Supplier, (row["supplier_id"] for row in documents), {"company": 1, "rating": 1})
    return {
        key: {"id": key, "company": supplier["company"], "rating": supplier["rating"]}
        for key, supplier in found.items()
    }
