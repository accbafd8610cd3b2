"""Who could bring the water, for how much, and when."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bson import ObjectId
from django.conf import settings

from accounts.models import Supplier, User
from common.mongo import Document, collection
from common.time import utc_now
from orders.pricing import Tier, price_of
from orders.scheduling import earliest_delivery
from tanks.models import Tank


@dataclass(frozen=True, slots=True)
class Offer:
    """What one supplier asks for `amount` litres. `rating` is None before the first review."""

    supplier_id: ObjectId
    company: str
    amount: float
    price_per_liter: Decimal
    price: Decimal
    currency: str
    earliest_delivery: datetime
    rating: float | None


def quote(*, tank: Tank, amount: float, supplier_id: ObjectId | None = None) -> list[Offer]:
    """Offers for `amount` litres (> 0) at the tank owner's postal code, cheapest first; empty if nobody serves it."""
    postal_code = postal_code_of(user_id=tank.user_id)
    return offers_for(postal_code=postal_code, amount=amount, supplier_id=supplier_id)


def postal_code_of(*, user_id: ObjectId) -> str:
    """Where the user's water goes; empty if unknown."""
    user = collection(User).find_one({"_id": user_id}, {"address.postal_code": 1}) or {}
    return (user.get("address") or {}).get("postal_code") or ""


def offers_for(
    *,
    postal_code: str,
    amount: float,
    supplier_id: ObjectId | None = None,
    without: Collection[ObjectId] = (),
) -> list[Offer]:
    """Offers of the active suppliers that serve the postal code, cheapest first, then soonest, then best rated."""
    now = utc_now()
    found = suppliers_serving(postal_code=postal_code, supplier_id=supplier_id, without=without)
    offers = [offer for supplier in found if (offer := _offer(supplier, amount, now))]
    return sorted(offers, key=lambda o: (o.price, o.earliest_delivery, -(o.rating or 0), o.supplier_id))


def suppliers_serving(
    *, postal_code: str, supplier_id: ObjectId | None = None, without: Collection[ObjectId] = ()
) -> list[Document]:
    """The active suppliers whose service areas name the postal code, in its usual spellings."""
    spellings = {postal_code.strip(), postal_code.strip().upper(), "".join(postal_code.split()).upper()} - {
        ""
    }
    if not spellings:
        return []
    wanted: Document = {"active": True, "service_areas.postal_codes": {"$in": sorted(spellings)}}
    if supplier_id:
        wanted["_id"] = supplier_id
    fields = {"company": 1, "pricing": 1, "lead_time_hours": 1, "rating": 1}
    return [row for row in collection(Supplier).find(wanted, fields) if row["_id"] not in without]


def tiers_of(supplier: Document) -> list[Tier]:
    """The price tiers of a supplier's document."""
    return [
        Tier(tier["min_volume"], tier["max_volume"], tier["price_per_liter"].to_decimal())
        for tier in supplier["pricing"]
    ]


def _offer(supplier: Document, amount: float, now: datetime) -> Offer | None:
    price = price_of(tiers_of(supplier), amount)
    if price is None:
        return None
    return Offer(
        supplier_id=supplier["_id"],
        company=supplier["company"],
        amount=amount,
        price_per_liter=price.price_per_liter,
        price=price.total,
        currency=settings.CURRENCY,
        earliest_delivery=earliest_delivery(now=now, lead_time_hours=supplier["lead_time_hours"]),
        rating=supplier["rating"],
    )
