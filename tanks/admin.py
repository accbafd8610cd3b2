"""Tanks, devices and alerts for operators. Device secrets are hashed, and not shown even so."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from unfold.decorators import action

from common.admin import KeptAdmin, ReadOnlyAdmin, shown
from common.templatetags.charts import level_chart, usage_chart
from tanks.admin_devices import register_devices
from tanks.models import Alert, Device, Mind, Tank
from tanks.story import RANGES, story_in_words, tank_story

SHOWN = RANGES["30d"]


@admin.register(Tank)
class TankAdmin(KeptAdmin):
    list_display = ("__str__", "user", "capacity", "level", "auto_order", "device_id", "created_at")
    list_filter = ("auto_order", "device_kind")
    list_select_related = ("user",)
    search_fields = ("name", "device_id", "user__email")
    ordering = ("-created_at",)
    fields = (
        "level_chart",
        "use_chart",
        "user",
        "name",
        "capacity",
        "low_water_threshold",
        "critical_threshold",
        "auto_order",
        "shown_pauses",
        "monthly_order_limit",
        "preferred_supplier",
        "installed_date",
        "last_maintenance",
        "device_id",
        "device_kind",
        "avg_daily_usage",
        "shown_level",
        "shown_geometry",
        "shown_location",
        "shown_forecast",
    )
    readonly_fields = (
        "level_chart",
        "use_chart",
        "user",
        "device_id",
        "device_kind",
        "avg_daily_usage",
        "shown_level",
        "shown_geometry",
        "shown_location",
        "shown_forecast",
        "shown_pauses",
    )
    raw_id_fields = ("preferred_supplier",)
    shown_pauses = shown("order_pauses")
    shown_geometry = shown("geometry")
    shown_location = shown("location")
    shown_forecast = shown("forecast")

    class Media:
        css = {"all": ["css/charts.css", "css/charts-admin.css"]}
        js = ["js/chart.js"]

    @admin.display(description="last 30 days")
    def level_chart(self, tank: Tank) -> str:
        story = tank_story(tank, SHOWN).levels
        if not story.points:
            return f"No readings in the last {SHOWN.label}."
        words = story_in_words(story, SHOWN)
        return render_to_string("charts/level.html", level_chart(story, "Level of the tank", words))

    @admin.display(description="daily use")
    def use_chart(self, tank: Tank) -> str:
        use = tank_story(tank, SHOWN).use
        return render_to_string("charts/usage.html", usage_chart(use)) if use else "–"

    @admin.display(description="current level")
    def shown_level(self, tank: Tank) -> str:
        now = tank.current_level
        if now is None:
            return "–"
        at = timezone.localtime(now.timestamp)
        return f"{now.level:.1f} %, {now.volume_liters:,.0f} L, {at:%-d %b %Y %H:%M} ({now.source}, {now.quality})"

    @admin.display(description="level")
    def level(self, tank: Tank) -> str:
        return f"{tank.current_level.level:.0f} %" if tank.current_level else "–"

    def has_add_permission(self, request: Any, obj: Any = None) -> bool:
        return False  # its owner makes it, with the number of its readings

    def save_model(self, request: Any, obj: Tank, form: Any, change: bool) -> None:
        # Only what was changed: its level and forecast may have moved on since the page was opened.
        obj.save(update_fields=[*form.changed_data, "updated_at"])


@admin.register(Mind)
class MindAdmin(ReadOnlyAdmin):
    """What is known of a tank's water; its state is for the workers alone."""

    list_display = ("tank", "made_at", "capacity", "timezone", "late")
    list_filter = ("late",)
    list_select_related = ("tank",)
    ordering = ("-made_at",)
    fields = (
        "tank",
        "made_at",
        "late",
        "capacity",
        "timezone",
        "lead_days",
        "shown_habits",
        "shown_refills",
        "shown_days",
        "shown_outlook",
    )
    shown_habits = shown("habits")
    shown_refills = shown("refills")
    shown_days = shown("days", "days: ordinal, litres, night flow, estimated")
    shown_outlook = shown("outlook")
    readonly_fields = ("shown_habits", "shown_refills", "shown_days", "shown_outlook")


@admin.register(Device)
class DeviceAdmin(KeptAdmin):
    list_display = ("device_id", "tank", "kind", "status", "last_seen", "battery_percent")
    list_filter = ("status", "kind")
    list_select_related = ("tank",)
    search_fields = ("device_id", "firmware", "batch")
    actions_list = ("register_many",)
    ordering = ("device_id",)
    fields = (
        "device_id",
        "tank",
        "kind",
        "batch",
        "settings",
        "status",
        "status_changed_at",
        "last_seen",
        "interval_seconds",
        "battery_percent",
        "rssi_dbm",
        "temperature_c",
        "firmware",
    )
    readonly_fields = tuple(name for name in fields if name != "settings")

    def has_add_permission(self, request: Any, obj: Any = None) -> bool:
        return False  # its secret is told once, to who registers it

    @action(description="Register devices", url_path="register", permissions=["change"])
    def register_many(self, request: HttpRequest) -> HttpResponse:
        return register_devices(request, self.admin_site)


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    list_display = ("kind", "tank", "severity", "is_open", "opened_at", "closed_at")
    list_filter = ("is_open", "severity", "kind")
    list_select_related = ("tank",)
    search_fields = ("tank__name",)
    ordering = ("-opened_at",)
    fields = (
        "tank",
        "kind",
        "severity",
        "is_open",
        "opened_at",
        "closed_at",
        "acknowledged_at",
        "snoozed_until",
        "shown_evidence",
    )
    shown_evidence = shown("evidence")
    readonly_fields = ("shown_evidence",)
