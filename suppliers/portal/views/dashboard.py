"""The first page: what is new, what goes out today, and which tanks run low. Refreshed by live events."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from suppliers.portal import orders_read, tanks_read
from suppliers.portal.access import PortalRequest, supplier_page

LATEST_SHOWN = 6
LATELY = timedelta(days=30)


def _context(request: PortalRequest) -> dict[str, Any]:
    mine = request.user.pk
    start, end = orders_read.day_bounds(timezone.localdate())
    return {
        "section": "dashboard",
        "today": timezone.localdate(),
        "counters": orders_read.counters(supplier_id=mine),
        "latest": orders_read.find_orders({"supplier_id": mine}, sort="-order_date", limit=LATEST_SHOWN),
        "deliveries": orders_read.deliveries_between(supplier_id=mine, start=start, end=end),
        "tanks": tanks_read.tanks_needing_water(supplier_id=mine),
        "lately": orders_read.delivered_since(supplier_id=mine, since=timezone.now() - LATELY),
        "currency": settings.CURRENCY,
    }


@require_GET
@supplier_page
def dashboard(request: PortalRequest) -> HttpResponse:
    template = "portal/_dashboard.html" if request.headers.get("HX-Request") else "portal/dashboard.html"
    return render(request, template, _context(request))
