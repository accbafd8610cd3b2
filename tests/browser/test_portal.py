"""The portal in Chromium: an order from new to delivered by clicking, and every page checked by axe-core."""

from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.django_db]


def test_an_order_is_taken_scheduled_started_and_delivered_by_clicking(
    visit: Any, order: Any, sam: Any
) -> None:
    from orders.models import Order

    window = visit(sam, width=390, height=844)
    page = window.open("/portal/orders")
    page.locator(f'[data-order="{order.order_number}"] a').click()

    page.get_by_role("button", name="Accept", exact=True).click()
    page.get_by_role("button", name="Schedule", exact=True).click()
    page.get_by_role("button", name="Start delivery").click()
    page.locator("[name=delivered_liters]").fill("950")
    page.get_by_role("button", name="Delivered", exact=True).click()
    page.get_by_text("Delivered. Thank you.").wait_for()

    done = Order.objects.get(pk=order.pk)
    assert (done.status, done.delivered_liters) == ("delivered", 950)
    assert window.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_every_page_is_accessible_and_fits(
    visit: Any, watched_tank: Any, order: Any, alice: Any, sam: Any, width: int, scheme: str
) -> None:
    window = visit(sam, width=width, scheme=scheme)
    found: list[str] = []
    for name, path in {
        "dashboard": "",
        "orders": "orders",
        "order": f"orders/{order.pk}",
        "schedule": "schedule",
        "customers": "customers",
        "customer": f"customers/{alice.pk}",
        "tank": f"tanks/{watched_tank.pk}",
        "settings": "settings",
        "prices": "settings/prices",
        "account": "settings/account",
    }.items():
        window.open(f"/portal/{path}")
        found += window.serious(f"{name}-{width}-{scheme}")
    assert found == []
    assert window.complaints == []
