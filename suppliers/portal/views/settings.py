"""The company, where it delivers and at what price, its drivers and vehicles: one form each."""

import zoneinfo
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from suppliers.models import Driver, Vehicle
from suppliers.portal import company
from suppliers.portal.access import PortalRequest, supplier_page
from suppliers.portal.forms import AreaRows, CompanyForm, DriverRows, PriceRows, VehicleRows

COMPANY = "company"
SAVED = {
    COMPANY: "Company saved.",
    "areas": "Service areas saved.",
    "prices": "Prices saved. They hold for orders from now on.",
    "drivers": "Drivers saved.",
    "vehicles": "Vehicles saved.",
}


@dataclass(frozen=True)
class Rows:
    """A list of the page: its name in the address, its words, and its form set."""

    name: str
    title: str
    one: str
    rows: Any


def _company_form(request: PortalRequest, data: Any = None) -> CompanyForm:
    supplier, user = request.supplier, request.user
    initial = {
        "company": supplier.company,
        "name": user.name,
        "phone": user.phone,
        "timezone": user.timezone,
        "lead_time_hours": f"{supplier.lead_time_hours:g}",
        "active": supplier.active,
    }
    zones = sorted(zoneinfo.available_timezones() | {user.timezone})
    return CompanyForm(data, initial=initial, zones=zones)


def _areas(request: PortalRequest, data: Any = None) -> Rows:
    initial = [
        {"region": area.region, "postal_codes": ", ".join(area.postal_codes)}
        for area in request.supplier.service_areas
    ]
    return Rows("areas", "Service areas", "Area", AreaRows(data, initial=initial, prefix="areas"))


def _prices(request: PortalRequest, data: Any = None) -> Rows:
    initial = [
        {
            "min_volume": f"{tier.min_volume:g}",
            "max_volume": None if tier.max_volume is None else f"{tier.max_volume:g}",
            "price_per_liter": tier.price_per_liter,
        }
        for tier in request.supplier.pricing
    ]
    return Rows("prices", "Prices", "Price", PriceRows(data, initial=initial, prefix="prices"))


def _drivers(request: PortalRequest, data: Any = None) -> Rows:
    initial = [
        {"id": str(driver.pk), "name": driver.name, "phone": driver.phone, "active": driver.active}
        for driver in Driver.objects.filter(supplier_id=request.user.pk).order_by("name")
    ]
    return Rows("drivers", "Drivers", "Driver", DriverRows(data, initial=initial, prefix="drivers"))


def _vehicles(request: PortalRequest, data: Any = None) -> Rows:
    initial = [
        {
            "id": str(vehicle.pk),
            "name": vehicle.name,
            "plate": vehicle.plate,
            "capacity_liters": f"{vehicle.capacity_liters:g}",
            "driver_id": str(vehicle.driver_id or ""),
            "active": vehicle.active,
        }
        for vehicle in Vehicle.objects.filter(supplier_id=request.user.pk).order_by("name")
    ]
    drivers = list(Driver.objects.filter(supplier_id=request.user.pk).order_by("name"))
    rows = VehicleRows(data, initial=initial, prefix="vehicles", form_kwargs={"drivers": drivers})
    return Rows("vehicles", "Vehicles", "Vehicle", rows)


LISTS = {"areas": _areas, "prices": _prices, "drivers": _drivers, "vehicles": _vehicles}
STORE = {
    "areas": company.areas_set,
    "prices": company.prices_set,
    "drivers": company.drivers_set,
    "vehicles": company.vehicles_set,
}


def _show(request: PortalRequest, *, invalid: str = "") -> HttpResponse:
    """The page; the form named `invalid` as it was sent, with its errors."""
    data = request.POST
    context = {
        "section": "settings",
        "company": _company_form(request, data if invalid == COMPANY else None),
        "lists": [make(request, data if invalid == name else None) for name, make in LISTS.items()],
    }
    return render(request, "portal/settings/settings.html", context, status=400 if invalid else 200)


@require_GET
@supplier_page
def settings(request: PortalRequest) -> HttpResponse:
    return _show(request)


@require_POST
@supplier_page
def save(request: PortalRequest, section: str) -> HttpResponse:
    if section not in SAVED:
        raise Http404
    if section == COMPANY:
        form = _company_form(request, request.POST)
        if not form.is_valid():
            return _show(request, invalid=section)
        company.company_update(supplier=request.supplier, user=request.user, **form.cleaned_data)
    else:
        rows = LISTS[section](request, request.POST).rows
        if not rows.is_valid():
            return _show(request, invalid=section)
        STORE[section](supplier=request.supplier, rows=[row for row in rows.cleaned_data if row])
    messages.success(request, SAVED[section])
    return redirect("portal:settings")
