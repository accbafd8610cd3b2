"""The main job through the whole product: a sensor's levels fall, water is ordered by itself, a supplier accepts,
schedules and delivers by clicking, and everyone is told, while the processes doing it are killed one by one.
"""

import contextlib
import email
import json
import os
import re
import signal
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.message import Message
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.browser.conftest import chromium
from tests.browser.visit import Visit
from tests.household import Phone, Sensor, until
from tests.product import Product

__all__ = ["chromium"]

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(300)]

PASSWORD = "levels fall, water comes"
ADMIN, SUPPLIER, CUSTOMER = "ada@example.org", "sam@example.org", "alice@example.org"
POSTAL_CODE = "85701"
STEPS = ["placed", "acknowledged", "scheduled", "in_transit", "delivered"]
LATENCY_READINGS = 150
LATENCY_PAUSE_SECONDS = 0.03

Api = Callable[..., Any]


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    product = Product(tmp_path_factory.mktemp("whole") / "var")
    try:
        product.wait_said("ready in")
        yield product
    finally:
        product.end()


@pytest.fixture(scope="module")
def api(product: Product) -> Iterator[Api]:
    """`api(token)` → a client of the HTTP API that tries again while the web process is down."""
    with contextlib.ExitStack() as clients:

        def client(token: str = "") -> httpx.Client:
            made = httpx.Client(
                base_url=f"{product.url}/api",
                headers={"Authorization": f"Bearer {token}"} if token else {},
                transport=httpx.HTTPTransport(retries=5),
                timeout=20,
            )
            return clients.enter_context(made)

        yield client


def ok(answer: httpx.Response) -> Any:
    assert answer.is_success, answer.text
    return answer.json()


def signed_in(api: Api, address: str) -> str:
    return ok(api().post("/auth/login", json={"email": address, "password": PASSWORD}))["access"]


@pytest.fixture(scope="module")
def supplier(product: Product, api: Api, chromium: Any) -> str:
    """Invited by an operator, and signed in to the portal by the link in the mail; the supplier's id."""
    product.manage(
        *("createsuperuser", "--noinput", "--email", ADMIN, "--name", "Ada Minster"),
        DJANGO_SUPERUSER_PASSWORD=PASSWORD,
    )
    company = {
        "name": "Sam Spring",
        "email": SUPPLIER,
        "company": "Sam's Springs",
        "serviceAreas": [{"region": "Tucson", "postalCodes": [POSTAL_CODE]}],
        "pricing": [{"minVolume": 500, "maxVolume": None, "pricePerLiter": 0.02}],
        "leadTimeHours": 4,
    }
    made = ok(api(signed_in(api, ADMIN)).post("/admin/suppliers", json=company))
    invitation = until(lambda: mails_to(product, SUPPLIER), what="the invitation")[0]
    link = re.search(r"https?://\S+", text_of(invitation))
    assert link is not None
    page = chromium.new_page()
    page.goto(link.group())
    page.get_by_label("New password").fill(PASSWORD)
    page.locator("form button[type=submit]").first.click()
    page.get_by_role("link", name="Sign in").wait_for()
    page.close()
    return str(made["id"])


@pytest.fixture(scope="module")
def customer(api: Api) -> dict[str, Any]:
    body = {
        "name": "Alice Well",
        "email": CUSTOMER,
        "password": PASSWORD,
        "address": {"street": "1 Dry Wash Road", "city": "Tucson", "postalCode": POSTAL_CODE},
    }
    return ok(api().post("/auth/register", json=body))


def tank_of(client: httpx.Client, device_id: str, *, auto_order: bool) -> dict[str, Any]:
    body = {
        "name": f"Tank of {device_id}",
        "capacity": 10_000,
        "lowWaterThreshold": 25,
        "autoOrder": auto_order,
        "deviceId": device_id,
    }
    return ok(client.post("/tanks", json=body))


def mails_to(product: Product, address: str) -> list[Message]:
    found = [
        email.message_from_bytes(path.read_bytes())
        for path in sorted(Path(product.var_dir, "outbox").rglob("*.eml"))
    ]
    return [mail for mail in found if address in mail["To"]]


def text_of(mail: Message) -> str:
    part = next(part for part in mail.walk() if part.get_content_type() == "text/plain")
    return part.get_payload(decode=True).decode()  # type: ignore[union-attr]


def killed(product: Product, name: str) -> None:
    """Ends a process as a power cut would; the launcher starts another."""
    before = product.pid(name)
    os.kill(before, signal.SIGKILL)
    until(lambda: product.pid(name) != before, what=f"another {name}")


def test_from_a_falling_level_to_water_delivered(
    product: Product, api: Api, supplier: str, customer: dict[str, Any], chromium: Any
) -> None:
    own = api(customer["access"])
    tank = tank_of(own, "well-1", auto_order=True)
    phone = Phone(product.url, customer["access"])
    assert phone.hello.wait(10)
    portal = window(chromium, product)
    dashboard = portal.page
    sensor = Sensor(product, "well-1", tank["deviceSecret"])

    # Levels fall. The listener dies in the middle; the broker keeps what comes meanwhile.
    levels = [27.5, 27.0, 26.4, 26.0, 25.6, 25.2, 24.8]
    began = datetime.now(UTC) - timedelta(minutes=10 * len(levels))
    times = [began + timedelta(minutes=10 * number) for number in range(len(levels))]
    for level, at in zip(levels[:3], times, strict=False):
        sensor.publish(level, at)
    until(lambda: phone.level() == 26.4, what="26.4 % on the phone")
    listener = product.pid("listener")
    os.kill(listener, signal.SIGKILL)
    for level, at in zip(levels[3:], times[3:], strict=True):
        sensor.publish(level, at)
    # The worker, which is to order the water, dies too.
    killed(product, "worker")
    until(lambda: phone.level() == 24.8, what="24.8 % on the phone, by another listener", seconds=60)
    assert product.pid("listener") != listener

    # Water is ordered by itself; the phone and the supplier's dashboard say so without being asked.
    order = until(lambda: [data for _, data in phone.of("order.status")], what="an order", seconds=60)[0]
    assert (order["status"], order["auto"], order["tankId"]) == ("placed", True, tank["id"])
    dashboard.locator(f'[data-order="{order["orderNumber"]}"]').wait_for(timeout=15_000)

    # The supplier takes it by clicking, and the web process dies between two clicks.
    dashboard.locator(f'[data-order="{order["orderNumber"]}"] a').first.click()
    dashboard.get_by_role("button", name="Accept", exact=True).click()
    dashboard.locator("#schedule").wait_for()
    killed(product, "web")
    until(lambda: answers(product), what="the web process")
    dashboard.get_by_role("button", name="Schedule", exact=True).click()
    dashboard.get_by_role("button", name="Start delivery").click()
    dashboard.locator("[name=delivered_liters]").fill("6900")
    dashboard.get_by_role("button", name="Delivered", exact=True).click()
    portal.says("Delivered. Thank you.")
    until(lambda: phone.statuses() == STEPS, what=f"every step on the phone, had {phone.statuses()}")
    refilled = datetime.now(UTC)
    for number in range(3):
        sensor.publish(93.8 - number / 100, refilled + timedelta(seconds=number))
    until(lambda: phone.level() == 93.78, what="the full tank on the phone")

    the_customer_sees_it_once(product, own, order, tank, levels)
    the_supplier_sees_it(api(signed_in(api, SUPPLIER)), dashboard, product, order)
    the_operator_sees_it(api(signed_in(api, ADMIN)), chromium, product, order, supplier)
    phone.hung_up.set()
    sensor.stop()


def answers(product: Product) -> bool:
    try:
        return product.get("/healthz")[0] == 200
    except OSError:
        return False


def window(chromium: Any, product: Product, address: str = SUPPLIER) -> Visit:
    opened = Visit(chromium, product.url, viewport={"width": 1440, "height": 900})
    opened.sign_in(address, PASSWORD)
    return opened


def the_customer_sees_it_once(
    product: Product, own: httpx.Client, order: dict[str, Any], tank: dict[str, Any], levels: list[float]
) -> None:
    orders = ok(own.get("/orders"))
    assert orders["count"] == 1
    found = ok(own.get(f"/orders/{order['id']}"))
    assert [step["status"] for step in found["statusHistory"]] == STEPS
    assert (found["status"], found["delivery"]["deliveredLiters"]) == ("delivered", 6900)

    told = ok(own.get("/notifications", params={"pageSize": 100}))["results"]
    of_order = [one for one in told if (one["relatedTo"] or {}).get("id") == order["id"]]
    assert len(of_order) == len(STEPS), [one["message"] for one in of_order]
    mails = until(
        lambda: len(found := mails_to(product, CUSTOMER)) >= len(told) and found, what="a mail for each"
    )
    ids = Counter(mail["Message-ID"] for mail in mails)
    assert len(ids) == len(told)
    assert set(ids.values()) == {1}

    stored = ok(own.get(f"/tanks/{tank['id']}/levels", params={"limit": 100}))["results"]
    assert [one["level"] for one in stored] == [93.78, 93.79, 93.8, *reversed(levels)]
    assert ok(own.get(f"/tanks/{tank['id']}"))["currentLevel"]["level"] == 93.78


def the_supplier_sees_it(own: httpx.Client, page: Any, product: Product, order: dict[str, Any]) -> None:
    found = ok(own.get("/supplier/orders", params={"status": "delivered"}))["results"]
    assert [one["orderNumber"] for one in found] == [order["orderNumber"]]
    page.goto(f"{product.url}/portal/orders?status=delivered")
    page.locator(f'[data-order="{order["orderNumber"]}"]').wait_for()


def the_operator_sees_it(
    own: httpx.Client, chromium: Any, product: Product, order: dict[str, Any], supplier: str
) -> None:
    found = ok(own.get("/admin/orders"))["results"]
    assert [(one["id"], one["status"], one["supplierId"]) for one in found] == [
        (order["id"], "delivered", supplier)
    ]
    page = window(chromium, product, ADMIN).page
    page.goto(f"{product.url}/admin/orders/order/")
    page.get_by_text(order["orderNumber"]).first.wait_for()


def test_a_level_reaches_the_phone_while_one_watches(
    product: Product, api: Api, customer: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    own = api(customer["access"])
    tank = tank_of(own, "well-2", auto_order=False)
    phone = Phone(product.url, customer["access"])
    assert phone.hello.wait(10)
    sensor = Sensor(product, "well-2", tank["deviceSecret"])
    sent: dict[float, float] = {}
    now = datetime.now(UTC) - timedelta(seconds=LATENCY_READINGS)
    for number in range(LATENCY_READINGS):
        level = round(80 - number / 100, 2)
        sent[level] = time.time()
        sensor.client.publish(
            sensor.topic,
            json.dumps({"level": level, "timestamp": (now + timedelta(seconds=number)).isoformat()}),
            qos=1,
        )
        time.sleep(LATENCY_PAUSE_SECONDS)
    last = level
    until(lambda: phone.level() == last, what="the last level")
    taken = [at - sent[data["level"]] for at, data in phone.of("tank.level") if data["level"] in sent]
    assert len(taken) >= LATENCY_READINGS // 2, (
        "readings of one batch may share an event, but not most of them"
    )
    p50, p95 = statistics.median(taken), statistics.quantiles(taken, n=20)[-1]
    with capsys.disabled():
        print(
            f"\nMQTT publish to WebSocket event: p50 {p50 * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms, n={len(taken)}"
        )
    phone.hung_up.set()
    sensor.stop()
