from django.urls import path

from iot.api import broker

urlpatterns = [
    path("mqtt/auth", broker.auth),
    path("mqtt/acl", broker.acl),
]
