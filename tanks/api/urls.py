from django.urls import path

import common.api.converters  # noqa: F401 — registers `oid`
from tanks.api import views
from tanks.api.export import LevelsExportView

urlpatterns = [
    path("tanks", views.TanksView.as_view()),
    path("tanks/<oid:tank_id>", views.TankView.as_view()),
    path("tanks/<oid:tank_id>/levels", views.LevelsView.as_view()),
    path("tanks/<oid:tank_id>/levels/current", views.CurrentLevelView.as_view()),
    path("tanks/<oid:tank_id>/levels/export", LevelsExportView.as_view()),
    path("tanks/<oid:tank_id>/alerts", views.AlertsView.as_view()),
    path("tanks/<oid:tank_id>/device/rotate-secret", views.RotateSecretView.as_view()),
]
