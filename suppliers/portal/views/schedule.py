"""The week as a board: what goes out on which day, and what has no date yet."""

from datetime import date, timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from orders.models import Status
from suppliers.portal import orders_read
from suppliers.portal.access import PortalRequest, supplier_page

DAYS = 7
UNSCHEDULED_SHOWN = 50


def _monday(text: str) -> date:
    """The Monday of the week that holds the date; of this week where `text` is none."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = timezone.localdate()
    # Weeks at the ends of the calendar have no neighbour to lead to.
    day = min(max(day, date(2000, 1, 1)), date(2200, 1, 1))
    return day - timedelta(days=day.weekday())


@require_GET
@supplier_page
def schedule(request: PortalRequest) -> HttpResponse:
    mine = request.user.pk
    monday = _monday(request.GET.get("week", ""))
    days = [monday + timedelta(days=number) for number in range(DAYS)]
    start, end = orders_read.day_bounds(days[0])[0], orders_read.day_bounds(days[-1])[1]
    stops = orders_read.deliveries_between(supplier_id=mine, start=start, end=end)
    by_day: dict[date, list[orders_read.OrderRow]] = {day: [] for day in days}
    for row in stops:
        by_day[timezone.localtime(row.order.scheduled_delivery_date).date()].append(row)
    context = {
        "section": "schedule",
        "days": [(day, rows, sum(row.order.amount for row in rows)) for day, rows in by_day.items()],
        "today": timezone.localdate(),
        "monday": monday,
        "sunday": days[-1],
        "previous": monday - timedelta(days=DAYS),
        "next": monday + timedelta(days=DAYS),
        "unscheduled": orders_read.find_orders(
            {"supplier_id": mine, "status": {"$in": [Status.PLACED, Status.ACKNOWLEDGED]}},
            sort="order_date",
            limit=UNSCHEDULED_SHOWN,
        ),
    }
    fragment = request.headers.get("HX-Request")
    return render(request, "portal/_schedule.html" if fragment else "portal/schedule.html", context)
