from django.urls import path

import common.api.converters  # noqa: F401  registers `oid`
from notifications.api import views, webhooks

urlpatterns = [
    path("notifications", views.NotificationsView.as_view()),
    path("notifications/read-all", views.NotificationsReadAllView.as_view()),
    path("notifications/<oid:notification_id>/read", views.NotificationReadView.as_view()),
    path("users/me/push-subscriptions", views.PushSubscriptionsView.as_view()),
    path("webhooks", webhooks.WebhooksView.as_view()),
    path("webhooks/<oid:webhook_id>", webhooks.WebhookView.as_view()),
    path("webhooks/<oid:webhook_id>/deliveries", webhooks.WebhookDeliveriesView.as_view()),
]
