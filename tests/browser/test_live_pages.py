"""Pages that change by themselves: with real sensors, orders and sockets, and the ways they can be cut off."""

import subprocess
from typing import Any

import orjson
import pytest
from playwright.sync_api import expect

from common.live import shard_of, stream_key
from common.redis import client
from common.time import iso, utc_now
from tests.iot.test_listener import listener, sensor

__all__ = ["listener", "sensor"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db]


def place_order(alice: Any, tank: Any) -> Any:
    """An order of alice's, told as the worker tells it."""
    from orders.services import order_place
    from orders.services.telling import order_announce

    order = order_place(user=alice, tank=tank, amount=1_000)
    order_announce(order_id=order.pk)
    return order


def test_dashboard_and_orders_follow_a_new_order_and_a_level_by_themselves(
    visit: Any, alice: Any, tank: Any, sam: Any, listener: Any, sensor: Any
) -> None:
    from tanks.services.devices import device_register

    device_register(tank=tank, device_id="dev-1", kind="json")
    window = visit(sam)
    page = window.page
    window.live()
    others = window.context.new_page()
    others.goto(f"{window.base}/portal/orders")
    others.locator("[data-live][data-state=on]").first.wait_for(state="attached")
    page.bring_to_front()
    expect(page.locator("#tile-new .value")).to_have_text("0")

    order = place_order(alice, tank)

    expect(page.locator("#tile-new .value")).to_have_text("1")
    expect(page.locator(f'[data-order="{order.order_number}"]')).to_be_visible()
    expect(page.locator("#toasts")).to_contain_text(f"New order {order.order_number}")

    sensor("tanks/dev-1/level", orjson.dumps({"level": 17.0, "timestamp": iso(utc_now())}))

    low = page.locator("#tanks-low")
    expect(low).to_contain_text("17 %", timeout=10_000)
    expect(low).to_contain_text(alice.name)
    others.bring_to_front()
    expect(others.locator(f'[data-order="{order.order_number}"]')).to_be_visible()
    assert window.complaints == []


def test_what_happens_while_the_live_process_is_gone_is_resumed(
    visit: Any, product: Any, alice: Any, tank: Any, sam: Any
) -> None:
    window = visit(sam)
    page = window.page
    window.live()
    state = page.locator("[data-live]").first

    product.live.kill()
    product.live.wait()
    expect(state).to_have_text("Reconnecting…")
    order = place_order(alice, tank)
    del window.heard[:], window.said[:]
    product.processes[0] = subprocess.Popen(product.live.args, env=product.environment)

    expect(state).to_have_text("Live", timeout=20_000)
    expect(page.locator(f'[data-order="{order.order_number}"]')).to_be_visible()
    assert [orjson.loads(text)["type"] for text in window.said] == ["resume"]
    heard = [orjson.loads(text)["type"] for text in window.heard]
    assert sorted(heard) == ["hello", "notification.new", "order.status"]


def test_a_reset_fetches_what_is_on_the_page_anew(visit: Any, order: Any, sam: Any) -> None:
    from orders.models import Order

    window = visit(sam)
    window.live()
    Order.objects.filter(pk=order.pk).update(amount=1_234)

    word = str(sam.pk)
    client().xadd(stream_key(shard_of(word)), {"to": word, "reset": ""})

    expect(window.page.locator("#dashboard")).to_contain_text("1,234 L")


def test_an_order_that_changes_elsewhere_keeps_what_is_being_typed(visit: Any, order: Any, sam: Any) -> None:
    from orders.services import order_accept
    from orders.services.telling import order_announce

    window = visit(sam)
    page = window.open(f"/portal/orders/{order.pk}")
    window.live()
    page.get_by_text("Reject", exact=True).first.click()
    page.locator("#id_notes").fill("The lorry is broken")

    order_accept(order=order, by=sam)
    order_announce(order_id=order.pk)

    expect(page.get_by_role("button", name="Schedule", exact=True)).to_be_visible()
    expect(page.locator("#id_notes")).to_be_visible()
    expect(page.locator("#id_notes")).to_have_value("The lorry is broken")


def test_who_is_switched_off_is_signed_out_at_once(visit: Any, sam: Any) -> None:
    from accounts.families import user_families_revoke
    from accounts.models import User

    window = visit(sam)
    window.live()

    User.objects.filter(pk=sam.pk).update(is_active=False)
    user_families_revoke(user_id=sam.pk)

    window.page.wait_for_url("**/login?next=*", timeout=5_000)


def test_a_click_while_the_page_is_being_refreshed_is_not_lost(visit: Any, order: Any, sam: Any) -> None:
    from orders.models import Order

    window = visit(sam)
    page = window.page
    late: list[Any] = []

    def hold_refreshes(route: Any) -> None:
        if route.request.method == "GET" and route.request.headers.get("hx-request"):
            late.append(route)
        else:
            route.continue_()

    page.route("**/portal/orders/*", hold_refreshes)
    with page.expect_request(
        lambda request: request.url.endswith(f"/{order.pk}") and request.is_navigation_request() is False
    ):
        page.goto(f"{window.base}/portal/orders/{order.pk}")

    page.get_by_role("button", name="Accept", exact=True).dblclick()
    expect(page.get_by_role("button", name="Schedule", exact=True)).to_be_visible()
    for route in late:
        route.fulfill(status=200, content_type="text/html", body="<p>what was before</p>")
    page.unroute("**/portal/orders/*")

    expect(page.get_by_text("what was before")).to_have_count(0)
    assert len(late) == 1
    expect(page.locator("#order [role=alert]")).to_have_count(0)
    done = Order.objects.get(pk=order.pk)
    assert [str(step.status) for step in done.status_history] == ["placed", "acknowledged"]


def test_failures_are_told_and_nothing_typed_is_lost(visit: Any, order: Any, sam: Any) -> None:
    from orders.models import Order
    from orders.services import order_accept

    order_accept(order=order, by=sam)
    window = visit(sam)
    page = window.open(f"/portal/orders/{order.pk}")
    window.live()
    date = page.locator("#id_scheduled_delivery_date")
    schedule = page.get_by_role("button", name="Schedule", exact=True)
    toasts = page.locator("#toasts")

    date.fill("2020-01-01T10:00")
    schedule.click()
    expect(page.locator(".errorlist")).to_be_visible()
    expect(date).to_have_value("2020-01-01T10:00")

    page.route("**/schedule", lambda route: route.fulfill(status=500))
    schedule.click()
    expect(toasts).to_contain_text("The server could not do that.")
    expect(date).to_have_value("2020-01-01T10:00")

    page.unroute("**/schedule")
    page.route("**/schedule", lambda route: route.abort())
    schedule.click()
    expect(toasts).to_contain_text("Nothing was changed.")
    expect(schedule).to_be_enabled()

    page.route("**/portal/**", lambda route: route.abort())
    page.evaluate("document.body.dispatchEvent(new CustomEvent('live:reset'))")
    expect(page.locator("#out-of-date")).to_be_visible()
    assert Order.objects.get(pk=order.pk).status == "acknowledged"
