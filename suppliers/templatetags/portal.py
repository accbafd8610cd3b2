"""What the portal's templates need beyond Django's own: the navigation, litres, money, and a tank's gauge."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django import template
from django.utils import timezone
from django.utils.dateformat import format as format_date

from orders.models import Status
from suppliers.portal.orders_read import new_orders

register = template.Library()

GAUGE_TOP, GAUGE_HEIGHT = 4.0, 56.0
SUPPLIERS_WORDS = {Status.PLACED: "New", Status.ACKNOWLEDGED: "Accepted"}


@register.inclusion_tag("portal/_nav_item.html", takes_context=True)
def nav_item(context: template.Context, page: str, label: str, icon: str) -> dict[str, Any]:
    """One link of the navigation; `page` is the name of its address and the `section` of its pages."""
    return {
        "url": f"portal:{page}",
        "label": label,
        "icon": f"icons/{icon}.svg",
        "current": context.get("section") == page,
        "count": new_orders(supplier_id=context["request"].user.pk) if page == "orders" else 0,
    }


@register.filter
def litres(value: float | None) -> str:
    """`12500.4` → `12,500 L`; with a decimal below ten."""
    if value is None:
        return "–"
    return f"{value:,.1f} L" if 0 < abs(value) < 10 and value % 1 else f"{value:,.0f} L"


@register.filter
def status_word(status: str) -> str:
    """An order's status as its supplier thinks of it."""
    return SUPPLIERS_WORDS.get(Status(status)) or str(Status(status).label)


@register.filter
def percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f} %"


@register.simple_tag
def money(amount: Decimal | None, currency: str) -> str:
    """`1,234.50 USD`: the code, since a sign is shared by many currencies."""
    return "–" if amount is None else f"{Decimal(str(amount)):,.2f} {currency}"


@register.filter
def when(at: datetime | None) -> str:
    """A time in the reader's zone, near days by name: `today 14:05`, `Mon 3 Nov, 14:05`."""
    if at is None:
        return "–"
    local = timezone.localtime(at)
    days = (local.date() - timezone.localdate()).days
    clock = format_date(local, "H:i")
    if days in (-1, 0, 1):
        return f"{('yesterday', 'today', 'tomorrow')[days + 1]} {clock}"
    pattern = "D j M, H:i" if local.year == timezone.localdate().year else "j M Y, H:i"
    return format_date(local, pattern)


@register.inclusion_tag("portal/_gauge.html")
def gauge(level: float | None, status: str, low: float, critical: float) -> dict[str, Any]:
    """A small picture of a tank filled to `level` percent, with its thresholds."""
    shown = min(100.0, max(0.0, level or 0.0))
    height = GAUGE_HEIGHT * shown / 100
    return {
        "level": level,
        "status": status,
        "water_y": round(GAUGE_TOP + GAUGE_HEIGHT - height, 2),
        "water_height": round(height, 2),
        "low_y": round(GAUGE_TOP + GAUGE_HEIGHT * (1 - low / 100), 2),
        "critical_y": round(GAUGE_TOP + GAUGE_HEIGHT * (1 - critical / 100), 2),
    }
