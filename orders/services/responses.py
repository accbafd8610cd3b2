"""How quickly a supplier answers: a running mean, kept by one atomic update."""

from datetime import datetime

from bson import ObjectId

from accounts.models import Supplier
from common.mongo import collection


def response_count(*, supplier_id: ObjectId | None, offered_at: datetime, answered_at: datetime) -> None:
    """Adds one answer to the supplier's `avg_response_time` (hours)."""
    hours = max((answered_at - offered_at).total_seconds() / 3600, 0.0)
    before = {"$multiply": [{"$ifNull": ["$avg_response_time", 0]}, "$response_count"]}
    count = {"$add": ["$response_count", 1]}
    mean = {"$divide": [{"$add": [before, hours]}, count]}
    collection(Supplier).update_one(
        {"_id": supplier_id}, [{"$set": {"avg_response_time": mean, "response_count": count}}]
    )
