"""What notifications hold about a person."""

from collections.abc import Iterator
from typing import Any

from bson import ObjectId

from accounts.personal_data import Holder
from common.mongo import collection
from notifications.models import Notification, PushSubscription, WebhookDelivery, WebhookEndpoint
from notifications.reading import notifications_of
from notifications.selectors import notification_payload


def notifications_export(user_id: ObjectId) -> Iterator[dict[str, Any]]:
    for notification in notifications_of(user_id):
        yield notification_payload(notification)


def notifications_erase(user_id: ObjectId) -> None:
    collection(Notification).delete_many({"user_id": user_id})


def devices_export(user_id: ObjectId) -> Iterator[dict[str, Any]]:
    fields = {"_id": 0, "kind": 1, "endpoint": 1, "created_at": 1}
    yield from collection(PushSubscription).find({"user_id": user_id}, fields)


def devices_erase(user_id: ObjectId) -> None:
    collection(PushSubscription).delete_many({"user_id": user_id})


def webhooks_export(user_id: ObjectId) -> Iterator[dict[str, Any]]:
    fields = {"_id": 0, "url": 1, "events": 1, "description": 1, "created_at": 1}
    yield from collection(WebhookEndpoint).find({"user_id": user_id}, fields)


def webhooks_erase(user_id: ObjectId) -> None:
    ids = [row["_id"] for row in collection(WebhookEndpoint).find({"user_id": user_id}, {"_id": 1})]
    collection(WebhookDelivery).delete_many({"endpoint_id": {"$in": ids}})
    collection(WebhookEndpoint).delete_many({"_id": {"$in": ids}})


HOLDERS = (
    Holder(name="notifications", export=notifications_export, erase=notifications_erase),
    Holder(name="pushDevices", export=devices_export, erase=devices_erase),
    Holder(name="webhooks", export=webhooks_export, erase=webhooks_erase),
)
