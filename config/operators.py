"""How the operators' admin looks, and the order of its pages."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy

TEAL = {
    "50": "oklch(98.4% .014 215)",
    "100": "oklch(95% .03 215)",
    "200": "oklch(90% .055 215)",
    "300": "oklch(83% .085 217)",
    "400": "oklch(75% .11 219)",
    "500": "oklch(64% .115 222)",
    "600": "oklch(50% .095 226)",
    "700": "oklch(43% .085 227)",
    "800": "oklch(38% .07 228)",
    "900": "oklch(33% .055 229)",
    "950": "oklch(24% .042 230)",
}
# Title of a group → (title, icon, model) of each page.
PAGES = {
    "People": (
        ("Users", "person", "accounts_user"),
        ("Suppliers", "local_shipping", "accounts_supplier"),
        ("Drivers", "badge", "suppliers_driver"),
        ("Vehicles", "directions_bus", "suppliers_vehicle"),
        ("Sign-ins", "key", "accounts_refreshfamily"),
    ),
    "Water": (
        ("Tanks", "water_drop", "tanks_tank"),
        ("Devices", "sensors", "tanks_device"),
        ("Gateways", "router", "iot_gateway"),
        ("Alerts", "notification_important", "tanks_alert"),
        ("Minds of tanks", "psychology", "tanks_mind"),
        ("Orders", "receipt_long", "orders_order"),
    ),
    "Messages": (
        ("Refused messages", "block", "iot_rejectedmessage"),
        ("Notifications", "mail", "notifications_notification"),
        ("Push subscriptions", "smartphone", "notifications_pushsubscription"),
        ("Webhooks", "webhook", "notifications_webhookendpoint"),
        ("Webhook deliveries", "outbox", "notifications_webhookdelivery"),
    ),
    "System": (
        ("Periodic tasks", "schedule", "django_celery_beat_periodictask"),
        ("Intervals", "timer", "django_celery_beat_intervalschedule"),
        ("Crontabs", "calendar_month", "django_celery_beat_crontabschedule"),
        ("Solar events", "sunny", "django_celery_beat_solarschedule"),
        ("Clocked", "alarm", "django_celery_beat_clockedschedule"),
        ("Changes made here", "history", "admin_logentry"),
    ),
}


def _icon(request: HttpRequest) -> str:
    return static("img/favicon.svg")


def _styles(request: HttpRequest) -> str:
    return static("css/admin.css")


def operators_admin() -> dict[str, Any]:
    """The setting UNFOLD."""
    first = {"title": "Overview", "icon": "dashboard", "link": reverse_lazy("admin:index")}
    groups = [
        {
            "title": title,
            "separator": True,
            "items": [
                {"title": name, "icon": icon, "link": reverse_lazy(f"admin:{model}_changelist")}
                for name, icon, model in pages
            ],
        }
        for title, pages in PAGES.items()
    ]
    return {
        "SITE_TITLE": "Water Tanks",
        "SITE_HEADER": "Water Tanks",
        "SITE_SUBHEADER": "Operators",
        "SITE_SYMBOL": "water_drop",
        "SITE_URL": None,
        "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _icon}],
        "SHOW_HISTORY": True,
        "SHOW_VIEW_ON_SITE": False,
        "DASHBOARD_CALLBACK": "config.dashboard.dashboard",
        "STYLES": [_styles],
        "COLORS": {"primary": TEAL},
        "SIDEBAR": {"show_search": True, "navigation": [{"items": [first]}, *groups]},
    }
