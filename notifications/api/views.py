"""`/api/notifications`, and the devices that take pushes."""

from typing import Any

from bson import ObjectId
from django_filters.rest_framework import FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.requests import IdentityRequest
from common.api.filters import FilteredView, FlagFilter
from common.api.pagination import PagePagination, page_of
from common.api.requests import valid
from notifications import reading
from notifications.api import serializers
from notifications.api.serializers import PUSH_ENDPOINT, PUSH_KEY, PUSH_TOKEN
from notifications.models import Notification
from notifications.push import push_subscribe, push_unsubscribe
from notifications.selectors import notification_payload

KEY = {"type": "string", "pattern": PUSH_KEY}
ENDPOINT = {"type": "string", "maxLength": 1_000, "pattern": PUSH_ENDPOINT}
TOKEN = {
    "type": "object",
    "description": "A device of Firebase Cloud Messaging.",
    "required": ["token"],
    "properties": {"token": {"type": "string", "maxLength": 1_000, "pattern": PUSH_TOKEN}},
    "not": {"required": ["endpoint"]},
}
SUBSCRIPTION = {
    "oneOf": [
        {
            "type": "object",
            "description": "What a browser's PushSubscription.toJSON() gives.",
            "required": ["endpoint", "keys"],
            "properties": {
                "endpoint": ENDPOINT,
                "keys": {
                    "type": "object",
                    "required": ["p256dh", "auth"],
                    "properties": {"p256dh": KEY, "auth": KEY},
                },
            },
        },
        TOKEN,
    ]
}
SUBSCRIBED = {
    "oneOf": [{"type": "object", "required": ["endpoint"], "properties": {"endpoint": ENDPOINT}}, TOKEN]
}


class NotificationFilters(FilterSet):
    read = FlagFilter(help_text="only read ones, or only unread ones")


class NotificationsView(FilteredView):
    queryset = Notification.objects.all()
    filterset_class = NotificationFilters
    pagination_class = PagePagination

    @extend_schema(
        operation_id="notifications_list",
        summary="What one was told, newest first",
        responses=serializers.NotificationSerializer(many=True),
    )
    def get(self, request: IdentityRequest) -> Response:
        page = page_of(request)
        count, rows = reading.notifications_page(
            user_id=request.user.pk, read=self.asked(request).get("read"), skip=page.skip, limit=page.size
        )
        results = [notification_payload(row) for row in rows]
        return Response(page.envelope(request, count=count, results=results))


class NotificationReadView(APIView):
    @extend_schema(
        operation_id="notifications_read",
        summary="Mark one as read",
        request=None,
        responses=serializers.NotificationSerializer,
    )
    def patch(self, request: IdentityRequest, notification_id: ObjectId) -> Response:
        found = reading.notification_read(user_id=request.user.pk, notification_id=notification_id)
        return Response(notification_payload(found))


class NotificationsReadAllView(APIView):
    @extend_schema(
        operation_id="notifications_read_all",
        summary="Mark all as read",
        request=None,
        responses=serializers.ReadAllSerializer,
    )
    def patch(self, request: IdentityRequest) -> Response:
        return Response({"updated": reading.notifications_read_all(user_id=request.user.pk)})


def _device(data: Any, web_push: type[Any]) -> tuple[str, dict[str, Any]]:
    """Which kind of device the body names, and its fields. Raises ValidationError (400)."""
    if not isinstance(data, dict) or not ("endpoint" in data or "token" in data):
        raise ValidationError({"endpoint": ["Give an endpoint (Web Push) or a token (FCM)."]})
    if "endpoint" in data:
        return "webpush", valid(web_push(data=data))
    return "fcm", {"endpoint": valid(serializers.PushTokenSerializer(data=data))["token"]}


class PushSubscriptionsView(APIView):
    problem_statuses = {"POST": [409], "DELETE": [404]}
    delete_takes_body = True

    @extend_schema(
        operation_id="users_me_push_subscriptions_create",
        summary="Have a phone or browser take one's pushes",
        description="Repeating it changes the keys. 409 `too_many_devices` beyond 20.",
        request={"application/json": SUBSCRIPTION},
        responses={201: serializers.PushSubscriptionSerializer},
    )
    def post(self, request: IdentityRequest) -> Response:
        kind, fields = _device(request.data, serializers.WebPushSerializer)
        subscription = push_subscribe(user_id=request.user.pk, kind=kind, **fields)
        return Response(serializers.PushSubscriptionSerializer(subscription).data, status=201)

    @extend_schema(
        operation_id="users_me_push_subscriptions_delete",
        summary="No more pushes to a phone or browser",
        request={"application/json": SUBSCRIBED},
        responses={204: None},
    )
    def delete(self, request: IdentityRequest) -> Response:
        _, fields = _device(request.data, serializers.PushEndpointSerializer)
        push_unsubscribe(user_id=request.user.pk, endpoint=fields["endpoint"])
        return Response(status=204)
