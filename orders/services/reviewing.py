"""A customer's word on a delivery, and the supplier's rating made of all of them."""

from bson import ObjectId

from accounts.models import Supplier
from accounts.people import Somebody
from common.errors import DomainError
from common.mongo import collection
from common.time import utc_now
from orders.models import Order, Status
from orders.services.change import own, status_now

KEPT_REVIEWS = 100


def order_review(*, order: Order, by: Somebody, rating: int, comment: str = "") -> Order:
    """Rates a delivered order, once (1 to 5). Raises DomainError `not_delivered`, `already_reviewed` (409)."""
    review = {"rating": rating, "comment": comment, "date": utc_now(), "counted": False}
    written = collection(Order).update_one(
        {"_id": order.pk, **own(by), "status": str(Status.DELIVERED), "review": None},
        {"$set": {"review": review, "updated_at": utc_now()}},
    )
    if written.matched_count == 0:
        if status_now(order) == Status.DELIVERED:
            raise DomainError("already_reviewed", "The order has been reviewed already.")
        raise DomainError("not_delivered", "Only a delivered order can be reviewed.")
    review_count(order_id=order.pk)
    return Order.objects.get(pk=order.pk)


def review_count(*, order_id: ObjectId) -> None:
    """Makes a stored review part of its supplier's rating; safe to repeat, as a sweep does after a crash.

    The supplier keeps the 100 newest reviews, and the exact mean of all.
    """
    order = collection(Order).find_one({"_id": order_id, "review.counted": False})
    if order is None:
        return
    review = order["review"]
    entry = {
        "user_id": order["user_id"],
        "order_id": order_id,
        "rating": review["rating"],
        "comment": {"$literal": review["comment"]},
        "date": review["date"],
    }
    count = {"$add": ["$rating_count", 1]}
    before = {"$multiply": [{"$ifNull": ["$rating", 0]}, "$rating_count"]}
    newest = {"$slice": [{"$concatArrays": [[entry], "$reviews"]}, KEPT_REVIEWS]}
    collection(Supplier).update_one(
        {"_id": order["supplier_id"], "reviews.order_id": {"$ne": order_id}},
        [
            {
                "$set": {
                    "rating": {"$divide": [{"$add": [before, review["rating"]]}, count]},
                    "rating_count": count,
                    "reviews": newest,
                    "updated_at": "$$NOW",
                }
            }
        ],
    )
    collection(Order).update_one({"_id": order_id}, {"$set": {"review.counted": True}})
