"""What was told to whom, for operators. Signing secrets and push addresses are never shown."""

from typing import Any

from django.contrib import admin

from common.admin import OperatorAdmin, ReadOnlyAdmin, shown
from notifications.models import Notification, PushSubscription, WebhookDelivery, WebhookEndpoint


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    list_display = ("message", "user", "type", "urgent", "read", "pending", "created_at")
    list_filter = ("type", "urgent", "read", "pending")
    list_select_related = ("user",)
    search_fields = ("message", "user__email")
    ordering = ("-created_at",)
    fields = ("user", "type", "message", "urgent", "read", "pending", "shown_deliveries", "created_at")
    readonly_fields = ("shown_deliveries",)
    shown_deliveries = shown("deliveries")


@admin.register(PushSubscription)
class PushSubscriptionAdmin(ReadOnlyAdmin):
    list_display = ("user", "kind", "created_at")
    list_filter = ("kind",)
    list_select_related = ("user",)
    search_fields = ("user__email",)
    ordering = ("-created_at",)
    fields = ("user", "kind", "created_at")


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(OperatorAdmin):
    list_display = ("url", "user", "active", "failing_since", "created_at")
    list_filter = ("active",)
    list_select_related = ("user",)
    search_fields = ("url", "description", "user__email")
    ordering = ("-created_at",)
    fields = ("user", "url", "shown_events", "description", "active", "failing_since", "disabled_reason")
    readonly_fields = ("user", "url", "shown_events", "failing_since", "disabled_reason")
    shown_events = shown("events")

    def has_add_permission(self, request: Any, obj: Any = None) -> bool:
        return False  # its secret is told once, to its owner


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    list_display = ("type", "endpoint", "state", "attempts", "status_code", "created_at")
    list_filter = ("state", "type")
    list_select_related = ("endpoint",)
    search_fields = ("message_id", "endpoint__url")
    ordering = ("-created_at",)
    fields = (
        "type",
        "endpoint",
        "message_id",
        "state",
        "attempts",
        "status_code",
        "error",
        "next_at",
        "delivered_at",
        "body",
    )
