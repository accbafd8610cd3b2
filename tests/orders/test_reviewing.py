"""Reviews: once, after delivery, and a rating that no race makes wrong."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Supplier
from common.errors import DomainError
from common.mongo import collection
from common.time import utc_now
from orders.models import Order
from orders.services import order_place, order_review
from orders.services.reviewing import KEPT_REVIEWS, review_count
from orders.services.sweeping import orders_sweep


def delivered(order: Any) -> Any:
    collection(Order).update_one({"_id": order.pk}, {"$set": {"status": "delivered", "is_open": False}})
    return Order.objects.get(pk=order.pk)


def unrated(supplier: Any) -> None:
    collection(Supplier).update_one({"_id": supplier.pk}, {"$set": {"rating": None, "rating_count": 0}})


def code_of(**arguments: Any) -> str:
    with pytest.raises(DomainError) as refused:
        order_review(**arguments)
    return refused.value.code


def test_a_review_counts_in_the_mean_and_is_shown(order: Any, alice: Any, sam: Any) -> None:
    reviewed = order_review(order=delivered(order), by=alice, rating=1, comment="$late & wet")
    assert (reviewed.review.rating, reviewed.review.counted) == (1, True)
    supplier = Supplier.objects.get(pk=sam.pk)
    assert supplier.rating == pytest.approx((4.5 * 10 + 1) / 11)
    assert supplier.rating_count == 11
    assert [(row.comment, row.user_id) for row in supplier.reviews] == [("$late & wet", alice.pk)]


def test_a_review_is_given_once_and_only_after_delivery(order: Any, alice: Any, bob: Any) -> None:
    assert code_of(order=order, by=alice, rating=5) == "not_delivered"
    order = delivered(order)
    order_review(order=order, by=alice, rating=5)
    assert code_of(order=order, by=alice, rating=1) == "already_reviewed"


def test_reviews_at_once_make_the_exact_mean(alice: Any, tank: Any, sam: Any) -> None:
    unrated(sam)
    orders = [delivered(order_place(user=alice, tank=tank, amount=10)) for _ in range(12)]
    ratings = [1, 2, 3, 4, 5, 5, 4, 3, 2, 1, 5, 5]
    with ThreadPoolExecutor(6) as pool:
        pairs = zip(orders, ratings, strict=True)
        list(pool.map(lambda pair: order_review(order=pair[0], by=alice, rating=pair[1]), pairs))
    supplier = Supplier.objects.get(pk=sam.pk)
    assert supplier.rating_count == 12
    assert supplier.rating == pytest.approx(sum(ratings) / 12)


def test_a_review_whose_process_died_is_counted_once_by_the_sweep(order: Any, alice: Any, sam: Any) -> None:
    unrated(sam)
    left = {
        "review": {"rating": 2, "comment": "", "date": utc_now(), "counted": False},
        "updated_at": utc_now() - timedelta(minutes=1),
    }
    collection(Order).update_one({"_id": delivered(order).pk}, {"$set": left})
    orders_sweep()
    collection(Order).update_one({"_id": order.pk}, {"$set": {"review.counted": False}})
    review_count(order_id=order.pk)  # as if it had died between the two writes
    supplier = Supplier.objects.get(pk=sam.pk)
    assert (supplier.rating, supplier.rating_count) == (2, 1)


def test_the_supplier_keeps_the_newest_reviews(order: Any, alice: Any, sam: Any) -> None:
    old = {"user_id": alice.pk, "order_id": sam.pk, "rating": 5, "comment": "", "date": utc_now()}
    collection(Supplier).update_one({"_id": sam.pk}, {"$set": {"reviews": [old] * KEPT_REVIEWS}})
    order_review(order=delivered(order), by=alice, rating=3)
    reviews = Supplier.objects.get(pk=sam.pk).reviews
    assert len(reviews) == KEPT_REVIEWS
    assert reviews[0].rating == 3
