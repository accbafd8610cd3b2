"""The portal in Chromium: an order from new to delivered by clicking, and every page checked by axe-core."""

from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db]


def test_an_order_is_taken_scheduled_started_and_delivered_by_clicking(
    visit: Any, order: Any, sam: Any
) -> None:
    from orders.models import Order

    window = visit(sam, width=390, height=844)
    page = window.open("/portal/orders")
    page.get_by_role("button", name=f"Accept {order.order_number}").dblclick()
    page.get_by_text("Order accepted. Agree on a date next.").wait_for()
    page.get_by_role("button", name="Schedule", exact=True).click()
    page.get_by_role("button", name="Start delivery").click()
    page.locator("[name=delivered_liters]").fill("950")
    page.get_by_role("button", name="Delivered", exact=True).click()
    page.get_by_text("Delivered. Thank you.").wait_for()

    done = Order.objects.get(pk=order.pk)
    assert (done.status, done.delivered_liters) == ("delivered", 950)
    assert window.complaints == []


def test_every_page_is_accessible_and_fits_narrow_and_wide_light_and_dark(
    visit: Any, watched_tank: Any, order: Any, alice: Any, sam: Any
) -> None:
    window = visit(sam)
    found: list[str] = []
    pages = {
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
    }
    for place, (name, path) in enumerate(pages.items()):
        page = window.open(f"/portal/{path}")
        # In turns: what frames every page is seen in all four ways.
        schemes = ("light", "dark") if place % 2 else ("dark", "light")
        for width, scheme in zip((1440, 390), schemes, strict=True):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            found += window.serious(f"{name}-{width}-{scheme}")
    assert found == []
    assert window.complaints == []


def test_an_order_is_rejected_by_keyboard_alone(visit: Any, order: Any, sam: Any, sue: Any) -> None:
    from orders.models import Order

    window = visit(sam)
    page = window.open(f"/portal/orders/{order.pk}")
    window.live()

    def tab_to(words: str) -> None:
        """Tab until the element with those words has the focus, which every stop on the way must show."""
        for _ in range(40):
            page.keyboard.press("Tab")
            text, shown = page.evaluate(
                "[document.activeElement.innerText ?? '', getComputedStyle(document.activeElement).outlineStyle]"
            )
            assert shown != "none", text
            if text.strip() == words:
                return
        raise AssertionError(f"{words} is not reached by Tab")

    tab_to("Skip to content")
    expect(page.locator(".skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    tab_to("Reject")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("No lorry free")
    tab_to("Reject")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Reject?")
    expect(dialog).to_be_visible()
    assert window.serious("dialog") == []
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert Order.objects.get(pk=order.pk).status == "placed"

    page.keyboard.press("Enter")
    tab_to("Yes, give it up")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{window.base}/portal/orders")
    expect(page.locator("main .message")).to_be_visible()
    assert Order.objects.get(pk=order.pk).supplier_id == sue.pk
    assert window.complaints == []
