"""The people whose tanks the supplier has been offered, and each one's tanks and orders."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from suppliers.portal import customers_read, orders_read
from suppliers.portal.access import PortalRequest, supplier_page
from suppliers.portal.paging import page_number, search_text

ORDERS_SHOWN = 10


@require_GET
@supplier_page
def customer_list(request: PortalRequest) -> HttpResponse:
    search = search_text(request.GET.get("q", ""))
    context = {
        "section": "customers",
        "search": search,
        "page": customers_read.customers_page(
            supplier_id=request.user.pk,
            search=search,
            number=page_number(request.GET.get("page", "")),
        ),
    }
    fragment = request.headers.get("HX-Request")
    return render(
        request, "portal/customers/_list.html" if fragment else "portal/customers/list.html", context
    )


@require_GET
@supplier_page
def customer(request: PortalRequest, customer_id: str) -> HttpResponse:
    mine = request.user.pk
    found = customers_read.customer_get_for(supplier_id=mine, customer_id=customer_id)
    context = {
        "section": "customers",
        "found": found,
        "orders": orders_read.find_orders(
            {"supplier_id": mine, "user_id": found.user.pk}, sort="-order_date", limit=ORDERS_SHOWN
        ),
    }
    fragment = request.headers.get("HX-Request")
    return render(
        request, "portal/customers/_customer.html" if fragment else "portal/customers/customer.html", context
    )
