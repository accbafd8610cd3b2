"""What goes in and out of the notifications' API."""

from typing import Any

from rest_framework import serializers

from common.api.fields import (
    ChoiceField,
    FlagField,
    InstantField,
    LineField,
    ObjectIdField,
    ShapeField,
    TextField,
    WholeNumberField,
)
from notifications.models import Channel, Type, WebhookDelivery, WebhookEvent
from notifications.webhooks.rules import URL_LENGTH

# A push service has a name on the internet: no address, no port, no credentials.
PUSH_ENDPOINT = r"^https://([a-z0-9-]+\.)+[a-z]{2,20}/[A-Za-z0-9._~:/?#=&%+-]*$"
WEBHOOK_URL = r"^https?://([A-Za-z0-9-]+\.)+[A-Za-z]{2,20}(:[1-9][0-9]{0,3})?([/?#][!-\[\]-~]*)?$"
PUSH_KEY = r"^[A-Za-z0-9_-]{1,200}={0,2}$"
PUSH_TOKEN = r"^[!-~]{1,1000}$"  # noqa: S105  a shape


class RelatedSerializer(serializers.Serializer[Any]):
    model = ChoiceField(choices=["order", "tank", "system"])
    id = ObjectIdField(allow_null=True)


class NotificationSerializer(serializers.Serializer[Any]):
    id = ObjectIdField()
    user_id = ObjectIdField()
    type = ChoiceField(choices=Type.choices)
    message = TextField(max_length=10_000)
    related_to = RelatedSerializer(allow_null=True)
    read = FlagField()
    sent_via = serializers.ListField(child=ChoiceField(choices=Channel.choices))
    created_at = InstantField()


class ReadAllSerializer(serializers.Serializer[Any]):
    updated = WholeNumberField(min_value=0, help_text="how many were unread")


class WebPushKeysSerializer(serializers.Serializer[Any]):
    p256dh = ShapeField(PUSH_KEY, max_length=202)
    auth = ShapeField(PUSH_KEY, max_length=202)


class WebPushSerializer(serializers.Serializer[Any]):
    endpoint = ShapeField(PUSH_ENDPOINT, max_length=URL_LENGTH)
    keys = WebPushKeysSerializer()


class PushTokenSerializer(serializers.Serializer[Any]):
    token = ShapeField(PUSH_TOKEN, max_length=1_000)


class PushEndpointSerializer(serializers.Serializer[Any]):
    endpoint = ShapeField(PUSH_ENDPOINT, max_length=URL_LENGTH)


class PushSubscriptionSerializer(serializers.Serializer[Any]):
    id = ObjectIdField()
    kind = ChoiceField(choices=["webpush", "fcm"])
    endpoint = serializers.CharField(help_text="the Web Push endpoint or the FCM token")
    created_at = InstantField()


class WebhookUrlField(LineField):
    """The schema speaks of hosts by name; what may really be called, the service decides."""

    pattern = WEBHOOK_URL


class WebhookInputSerializer(serializers.Serializer[Any]):
    url = WebhookUrlField(max_length=URL_LENGTH, help_text="https or http, on the public internet")
    events = serializers.ListField(
        child=ChoiceField(choices=WebhookEvent.choices), min_length=1, max_length=len(WebhookEvent)
    )
    description = LineField(max_length=200, blank=True, required=False)


class WebhookSerializer(serializers.Serializer[Any]):
    id = ObjectIdField()
    url = serializers.CharField()
    events = serializers.ListField(child=ChoiceField(choices=WebhookEvent.choices))
    description = LineField(max_length=200, blank=True)
    active = FlagField(help_text="false: switched off after 5 days of failures, or when it answered 410")
    failing_since = InstantField(allow_null=True)
    disabled_reason = LineField(max_length=200, blank=True)
    created_at = InstantField()
    updated_at = InstantField()


class WebhookWithSecretSerializer(WebhookSerializer):
    secret = serializers.CharField(help_text="signs what is sent; told this once")


class WebhookDeliverySerializer(serializers.Serializer[Any]):
    id = ObjectIdField()
    type = ChoiceField(choices=WebhookEvent.choices)
    message_id = LineField(max_length=64)
    state = ChoiceField(choices=WebhookDelivery.State.choices)
    attempts = WholeNumberField(min_value=0)
    next_at = InstantField(allow_null=True)
    status_code = WholeNumberField(allow_null=True)
    error = LineField(max_length=300, blank=True)
    delivered_at = InstantField(allow_null=True)
    created_at = InstantField()
