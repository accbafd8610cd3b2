"""One tank: its level over time, forecast, refills and alerts."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.models import User
from suppliers.portal import orders_read, tanks_read
from suppliers.portal.access import PortalRequest, supplier_page
from tanks.messages import in_numbers
from tanks.models import Alert
from tanks.story import RANGES, story_in_words, tank_story

ALERTS_SHOWN = 10
ORDERS_SHOWN = 10


@require_GET
@supplier_page
def tank(request: PortalRequest, tank_id: str) -> HttpResponse:
    mine = request.user.pk
    found = tanks_read.tank_get_for_supplier(supplier_id=mine, tank_id=tank_id)
    customer = User.objects.filter(pk=found.user_id).first()
    chosen = RANGES.get(request.GET.get("range", ""), RANGES["7d"])
    row = tanks_read.tank_row_of(found, customer)
    story = tank_story(found, chosen)
    newest = [{"$match": {"tank_id": found.pk}}, {"$sort": {"opened_at": -1}}, {"$limit": ALERTS_SHOWN}]
    alerts: list[Alert] = list(Alert.objects.raw_aggregate(newest))
    context = {
        "section": "customers",
        "tank": row,
        "story": story.levels,
        "use": story.use,
        "chart_text": story_in_words(story.levels, chosen),
        "ranges": RANGES.values(),
        "chosen": chosen,
        "alerts": [(alert, in_numbers(kind=alert.kind, evidence=alert.evidence)) for alert in alerts],
        "orders": orders_read.find_orders(
            {"tank_id": found.pk, "supplier_id": mine}, sort="-order_date", limit=ORDERS_SHOWN
        ),
    }
    fragment = request.headers.get("HX-Request")
    return render(
        request, "portal/customers/_tank.html" if fragment else "portal/customers/tank.html", context
    )
