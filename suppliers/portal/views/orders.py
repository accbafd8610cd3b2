"""The list of orders: by status, searched, page by page."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from orders.models import Status
from suppliers.portal import orders_read
from suppliers.portal.access import PortalRequest, supplier_page
from suppliers.portal.paging import page_number, search_text

FILTERS = {
    "open": "Open",
    Status.PLACED: "New",
    Status.ACKNOWLEDGED: "To schedule",
    Status.SCHEDULED: "Scheduled",
    Status.IN_TRANSIT: "In transit",
    "late": "Late",
    Status.DELIVERED: "Delivered",
    Status.CANCELLED: "Cancelled",
    "all": "All",
}
COUNTED = (Status.PLACED, Status.ACKNOWLEDGED, Status.SCHEDULED, Status.IN_TRANSIT)


@require_GET
@supplier_page
def order_list(request: PortalRequest) -> HttpResponse:
    mine = request.user.pk
    status = request.GET.get("status", "open")
    status = status if status in FILTERS else "open"
    search = search_text(request.GET.get("q", ""))
    counts = orders_read.status_counts(supplier_id=mine)
    context = {
        "section": "orders",
        "status": status,
        "search": search,
        "filters": [
            (value, label, counts[value] if value in COUNTED else None) for value, label in FILTERS.items()
        ],
        "page": orders_read.orders_page(
            supplier_id=mine, status=status, search=search, number=page_number(request.GET.get("page", ""))
        ),
    }
    fragment = request.headers.get("HX-Request")
    return render(request, "portal/orders/_list.html" if fragment else "portal/orders/list.html", context)


@require_GET
@supplier_page
def new_orders(request: PortalRequest) -> HttpResponse:
    """The mark of the navigation that says how many orders are new."""
    count = orders_read.new_orders(supplier_id=request.user.pk)
    return render(request, "portal/_new_count.html", {"count": count})
