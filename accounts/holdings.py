"""What accounts themselves hold about a person."""

from collections.abc import Iterator
from typing import Any

from bson import ObjectId

from accounts.models import RefreshFamily, Supplier, User
from accounts.personal_data import Holder
from common.mongo import collection


def account_export(user_id: ObjectId) -> Iterator[dict[str, Any]]:
    user = collection(User).find_one({"_id": user_id}, {"password": 0}) or {}
    yield {"id": user.pop("_id", user_id), **user}
    for company in collection(Supplier).find({"_id": user_id}):
        yield {"id": company.pop("_id"), **company}
    for sign_in in collection(RefreshFamily).find(
        {"user_id": user_id}, {"created_at": 1, "expires_at": 1, "revoked_at": 1, "_id": 0}
    ):
        yield {"sign_in": sign_in}


ACCOUNT = Holder(name="account", export=account_export)
