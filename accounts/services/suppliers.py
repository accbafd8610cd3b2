"""Suppliers, as operators make them."""

from typing import Any

from bson import ObjectId
from django.db import IntegrityError

from accounts.links import INVITATION
from accounts.models import PriceTier, Role, ServiceArea, Supplier, User
from accounts.services.profiles import address_of
from accounts.tasks import password_link_mail
from common.errors import DomainError
from common.queue import enqueue
from common.time import utc_now


def supplier_create(
    *,
    name: str,
    email: str,
    company: str,
    phone: str = "",
    address: dict[str, Any] | None = None,
    service_areas: list[dict[str, Any]] | None = None,
    pricing: list[dict[str, Any]] | None = None,
    **profile: Any,
) -> Supplier:
    """A user with role supplier and the company; mails an invitation to set a password.

    Raises DomainError `email_taken` (409).
    """
    try:
        user = User.objects.create_user(
            name=name, email=email, phone=phone, role=Role.SUPPLIER, address=address_of(address)
        )
    except IntegrityError as error:
        detail = "An account with this e-mail exists."
        raise DomainError("email_taken", detail, errors={"email": [detail]}) from error
    supplier = Supplier.objects.create(
        user=user,
        company=company,
        service_areas=[ServiceArea(**area) for area in service_areas or []],
        pricing=[PriceTier(**tier) for tier in pricing or []],
        **profile,
    )
    enqueue(password_link_mail, user.email, INVITATION)
    return supplier


def supplier_rest(*, user_id: ObjectId) -> None:
    """Offers the supplier no more orders, until an operator makes the company active again; fine for who is none."""
    Supplier.objects.filter(pk=user_id).update(active=False, updated_at=utc_now())
