"""The company, where it delivers and at what price, its drivers and vehicles, and who is signed in: a page each."""

import zoneinfo
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.pages.passwords import PasswordForm, password_form_save
from suppliers.models import Driver, Vehicle
from suppliers.portal import company
from suppliers.portal.access import PortalRequest, supplier_page
from suppliers.portal.forms import (
    AreaRows,
    CompanyForm,
    DriverRows,
    PriceRows,
    VehicleRows,
)

SECTIONS = {
    "company": "Company",
    "areas": "Service areas",
    "prices": "Prices",
    "drivers": "Drivers",
    "vehicles": "Vehicles",
    "account": "Your account",
}
SAVED = {
    "company": "Company saved.",
    "areas": "Service areas saved.",
    "prices": "Prices saved. They hold for orders from now on.",
    "drivers": "Drivers saved.",
    "vehicles": "Vehicles saved.",
    "account": "Password changed. All other sign-ins have ended.",
}


@dataclass(frozen=True)
class Rows:
    """A list: its name in the address, the word for one of it, and its form set."""

    name: str
    one: str
    rows: Any


def _company_form(request: PortalRequest, data: Any = None) -> CompanyForm:
    supplier, user = request.supplier, request.user
    initial = {
        "company": supplier.company,
        "name": user.name,
        "phone": user.phone,
        "timezone": user.timezone,
        "lead_time_hours": f"{supplier.lead_time_hours:.10g}",
        "active": supplier.active,
    }
    zones = sorted(zoneinfo.available_timezones() | {user.timezone})
    return CompanyForm(data, initial=initial, zones=zones)


def _areas(request: PortalRequest, data: Any = None) -> Rows:
    initial = [
        {"region": area.region, "postal_codes": ", ".join(area.postal_codes)}
        for area in request.supplier.service_areas
    ]
    return Rows("areas", "area", AreaRows(data, initial=initial, prefix="areas"))


def _prices(request: PortalRequest, data: Any = None) -> Rows:
    initial = [
        {
            "min_volume": f"{tier.min_volume:.10g}",
            "max_volume": None if tier.max_volume is None else f"{tier.max_volume:.10g}",
            "price_per_liter": tier.price_per_liter,
        }
        for tier in request.supplier.pricing
    ]
    return Rows("prices", "price", PriceRows(data, initial=initial, prefix="prices"))


def _drivers(request: PortalRequest, data: Any = None) -> Rows:
    initial = [
        {"id": str(driver.pk), "name": driver.name, "phone": driver.phone, "active": driver.active}
        for driver in Driver.objects.filter(supplier_id=request.user.pk).order_by("name")
    ]
    return Rows("drivers", "driver", DriverRows(data, initial=initial, prefix="drivers"))


def _vehicles(request: PortalRequest, data: Any = None) -> Rows:
    initial = [
        {
            "id": str(vehicle.pk),
            "name": vehicle.name,
            "plate": vehicle.plate,
            "capacity_liters": f"{vehicle.capacity_liters:.10g}",
            "driver_id": str(vehicle.driver_id or ""),
            "active": vehicle.active,
        }
        for vehicle in Vehicle.objects.filter(supplier_id=request.user.pk).order_by("name")
    ]
    drivers = list(Driver.objects.filter(supplier_id=request.user.pk).order_by("name"))
    rows = VehicleRows(data, initial=initial, prefix="vehicles", form_kwargs={"drivers": drivers})
    return Rows("vehicles", "vehicle", rows)


LISTS = {"areas": _areas, "prices": _prices, "drivers": _drivers, "vehicles": _vehicles}
STORE = {
    "areas": company.areas_set,
    "prices": company.prices_set,
    "drivers": company.drivers_set,
    "vehicles": company.vehicles_set,
}


def _save(request: PortalRequest, section: str) -> Rows | forms.Form | None:
    """Stores what was sent; what has errors comes back."""
    if section in LISTS:
        shown = LISTS[section](request, request.POST)
        if not shown.rows.is_valid():
            return shown
        STORE[section](supplier=request.supplier, rows=[row for row in shown.rows.cleaned_data if row])
        return None
    if section == "account":
        passwords = PasswordForm(request.POST)
        changed = passwords.is_valid() and password_form_save(request, request.user, passwords)
        return None if changed else passwords
    form = _company_form(request, request.POST)
    if not form.is_valid():
        return form
    company.company_update(supplier=request.supplier, user=request.user, **form.cleaned_data)
    return None


def _empty(request: PortalRequest, section: str) -> Rows | forms.Form:
    if section in LISTS:
        return LISTS[section](request)
    return PasswordForm() if section == "account" else _company_form(request)


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("current_password", "new_password")
@supplier_page
def settings(request: PortalRequest, section: str = "company") -> HttpResponse:
    """One section; a form with errors as it was sent."""
    if section not in SECTIONS:
        raise Http404
    shown: Rows | forms.Form | None = _empty(request, section) if request.method != "POST" else None
    if shown is None:
        shown = _save(request, section)
        if shown is None:
            messages.success(request, SAVED[section])
            return redirect("portal:settings", section=section)
    context = {
        "section": "settings",
        "sections": SECTIONS,
        "chosen": section,
        "title": SECTIONS[section],
        "list" if isinstance(shown, Rows) else "form": shown,
    }
    template = "rows" if section in LISTS else section
    status = 400 if request.method == "POST" else 200
    return render(request, f"portal/settings/{template}.html", context, status=status)
