from django.urls import path

import common.api.converters  # noqa: F401 — registers `oid`
from iot.api import views
from iot.api.device import DeviceView

urlpatterns = [
    path("iot/water-level", views.WaterLevelView.as_view()),
    path("iot/webhooks/ttn", views.TtnView.as_view()),
    path("iot/webhooks/chirpstack", views.ChirpstackView.as_view()),
    path("v1/<str:token>/telemetry", views.ThingsboardView.as_view()),
    path("tanks/<oid:tank_id>/device", DeviceView.as_view()),
    path("iot/infer", views.InferView.as_view()),
]
