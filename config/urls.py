"""Every address of the product: health, API, portal, operators' admin."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from accounts.pages.views import admin_sign_in
from common.api import documents
from config import health
from config.metrics import metrics
from notifications.preferences import preferences_page

# One prefix for all of the API, and its busiest part first: addresses are tried in this order.
api: list[URLPattern | URLResolver] = [
    path("", include("tanks.api.urls")),
    path("", include("orders.api.urls")),
    path("", include("notifications.api.urls")),
    path("", include("accounts.api.urls")),
    path("", include("suppliers.api.urls")),
    path("", include("iot.api.urls")),
    path("schema", documents.schema, name="api-schema"),
    path("docs", documents.docs, name="api-docs"),
]

urlpatterns = [
    path("api/", include(api)),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", metrics),
    path("u/<str:token>", preferences_page, name="notification-preferences"),
    path("", include("accounts.pages.urls")),
    path("internal/", include("iot.api.internal_urls")),
    path("portal/", include("suppliers.portal.urls")),
    path("admin/login/", admin_sign_in),
    path("admin/password_change/", RedirectView.as_view(pattern_name="change-password")),
    path("admin/", admin.site.urls),
]
