"""The portal in Chromium: an order from new to delivered by clicking, and every page checked by axe-core."""

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.factories import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SHOTS = os.environ.get("BROWSER_SHOTS", "")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    # Playwright runs an event loop in this thread, beside which Django refuses its ORM unless told.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


class Visit:
    """A signed-in page that remembers everything the browser complained of."""

    def __init__(self, browser: Any, base: str, **options: Any) -> None:
        self.base = base
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _console(self, message: Any) -> None:
        # The test's server speaks no WebSocket: the pages have to live with that, and say so.
        if message.type == "error" and "/ws/live" not in message.text:
            self.complaints.append(message.text)

    def sign_in(self, email: str) -> None:
        self.page.goto(f"{self.base}/login")
        self.page.get_by_label("E-mail").fill(email)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(f"{self.base}/portal/")


def test_an_order_is_taken_scheduled_started_and_delivered_by_clicking(
    chromium: Any, live_server: Any, order: Any
) -> None:
    from orders.models import Order

    visit = Visit(chromium, live_server.url, viewport={"width": 390, "height": 844})
    page = visit.page
    visit.sign_in("sam@example.org")
    page.goto(f"{live_server.url}/portal/orders")
    page.locator(f'[data-order="{order.order_number}"] a').click()

    page.get_by_role("button", name="Accept", exact=True).click()
    page.get_by_role("button", name="Schedule", exact=True).click()
    page.get_by_role("button", name="Start delivery").click()
    page.locator("[name=delivered_liters]").fill("950")
    page.get_by_role("button", name="Delivered", exact=True).click()
    page.get_by_text("Delivered. Thank you.").wait_for()

    done = Order.objects.get(pk=order.pk)
    assert (done.status, done.delivered_liters) == ("delivered", 950)
    assert visit.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_every_page_is_accessible_and_fits(
    chromium: Any, live_server: Any, watched_tank: Any, order: Any, alice: Any, width: int, scheme: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    visit = Visit(chromium, live_server.url, viewport={"width": width, "height": 900}, color_scheme=scheme)
    visit.sign_in("sam@example.org")
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
    }.items():
        visit.page.goto(f"{live_server.url}/portal/{path}")
        if SHOTS:
            visit.page.screenshot(path=f"{SHOTS}/{name}-{width}-{scheme}.png", full_page=True)
        if visit.page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{name}: wider than the window")
        found += [
            f"{name}: {one['id']} {one['nodes'][0]['html'][:200]}"
            for one in Axe().run(visit.page).response["violations"]
            if one["impact"] in ("serious", "critical")
        ]
    assert found == []
    assert visit.complaints == []
