from django.urls import path

from iot.api import views

urlpatterns = [
    path("iot/water-level", views.WaterLevelView.as_view()),
    path("iot/webhooks/ttn", views.TtnView.as_view()),
    path("iot/webhooks/chirpstack", views.ChirpstackView.as_view()),
    path("iot/infer", views.InferView.as_view()),
]
