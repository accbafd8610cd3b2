"""Suppliers' drivers and vehicles for operators."""

from django.contrib import admin

from common.admin import OperatorAdmin
from suppliers.models import Driver, Vehicle


@admin.register(Driver)
class DriverAdmin(OperatorAdmin):
    list_display = ("name", "supplier", "phone", "active")
    list_filter = ("active",)
    list_select_related = ("supplier",)
    search_fields = ("name", "phone")
    ordering = ("name",)
    fields = ("supplier", "name", "phone", "active")
    raw_id_fields = ("supplier",)


@admin.register(Vehicle)
class VehicleAdmin(OperatorAdmin):
    list_display = ("name", "plate", "supplier", "capacity_liters", "active")
    list_filter = ("active",)
    list_select_related = ("supplier",)
    search_fields = ("name", "plate")
    ordering = ("name",)
    fields = ("supplier", "name", "plate", "capacity_liters", "active")
    raw_id_fields = ("supplier",)
