from django.urls import path

import common.api.converters  # noqa: F401 — registers `oid`
from tanks.api import alerts, usage, views
from tanks.api.export import LevelsExportView

urlpatterns = [
    path("devices/claim", views.ClaimView.as_view()),
    path("tanks", views.TanksView.as_view()),
    path("tanks/<oid:tank_id>", views.TankView.as_view()),
    path("tanks/<oid:tank_id>/levels", views.LevelsView.as_view()),
    path("tanks/<oid:tank_id>/levels/current", views.CurrentLevelView.as_view()),
    path("tanks/<oid:tank_id>/levels/export", LevelsExportView.as_view()),
    path("tanks/<oid:tank_id>/usage", usage.UsageView.as_view()),
    path("tanks/<oid:tank_id>/alerts", alerts.AlertsView.as_view()),
    path("tanks/<oid:tank_id>/alerts/<oid:alert_id>/acknowledge", alerts.AcknowledgeView.as_view()),
    path("tanks/<oid:tank_id>/alerts/<oid:alert_id>/snooze", alerts.SnoozeView.as_view()),
    path("tanks/<oid:tank_id>/device/rotate-secret", views.RotateSecretView.as_view()),
]
