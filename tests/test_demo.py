"""The product with demo data, as somebody who has just cloned it meets it: the README's tour, and every page filled."""

import contextlib
import functools
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.product import ROOT, Product

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

Visitor = Callable[[str], httpx.Client]

PASSWORD = "water-demo-2026"
DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    product = Product(tmp_path_factory.mktemp("demo") / "var", DEMO="1")
    try:
        product.wait_said("ready in")
        yield product
    finally:
        product.end()


@pytest.fixture(scope="module")
def tour(demo: Product) -> str:
    """What the README's commands print, run as written but for the ports and the folder."""
    if shutil.which("mosquitto_pub") is None or shutil.which("curl") is None:
        pytest.skip("mosquitto-clients and curl are not installed")
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    folder = demo.var_dir.parent
    script = "set -euo pipefail\n" + "\n".join(blocks)
    for written, here in (
        ("/tmp/", f"{folder}/"),
        ("localhost:8000", f"localhost:{demo.port}"),
        ("-p 1883", f"-p {demo.mqtt_port}"),
        ("ls var/outbox", f"ls {demo.var_dir}/outbox"),
    ):
        assert written in script
        script = script.replace(written, here)
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_readmes_tour_ends_with_water_ordered_and_mails_written(tour: str) -> None:
    assert '"deviceSecret"' in tour
    assert '"level":31.5' in tour
    assert '{"accepted":2,"duplicates":0,"rejected":[]}' in tour
    assert '"status": "placed"' in tour
    assert '"auto": true' in tour
    assert "Roof tank is running low" in tour
    assert ".eml" in tour


@pytest.fixture(scope="module")
def visitor(demo: Product) -> Iterator[Visitor]:
    """`visitor("supplier")` → the pages as that person sees them."""
    with contextlib.ExitStack() as clients:

        def signed_in(name: str) -> httpx.Client:
            client = clients.enter_context(httpx.Client(base_url=demo.url, follow_redirects=True, timeout=20))
            client.get("/login")
            form = {
                "email": f"{name}@example.com",
                "password": PASSWORD,
                "csrfmiddlewaretoken": client.cookies["csrftoken"],
            }
            assert client.post("/login", data=form).status_code == 200
            return client

        yield functools.cache(signed_in)


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/portal/", "Latest orders"),
        ("/portal/orders", "WO-"),
        ("/portal/orders?status=all", "Delivered"),
        ("/portal/schedule", "WO-"),
        ("/portal/customers", "85"),
        ("/portal/settings", "Blue Drop Water"),
    ],
)
def test_the_suppliers_pages_have_something_to_show(visitor: Visitor, path: str, shown: str) -> None:
    page = visitor("supplier").get(path)
    assert page.status_code == 200
    assert shown in page.text


def test_the_operators_lists_have_something_to_show(visitor: Visitor) -> None:
    for path in ("accounts/user", "accounts/supplier", "tanks/tank", "tanks/device", "orders/order"):
        page = visitor("admin").get(f"/admin/{path}/")
        assert page.status_code == 200
        assert re.search(r'href="/admin/[^"]+/change/', page.text), path


def test_a_town_of_tanks_has_sixty_days_of_levels_and_orders_in_every_status(demo: Product) -> None:
    with httpx.Client(base_url=f"{demo.url}/api", timeout=20) as client:
        access = {}
        for name in ("customer", "admin"):
            login = {"email": f"{name}@example.com", "password": PASSWORD}
            access[name] = {
                "Authorization": f"Bearer {client.post('/auth/login', json=login).json()['access']}"
            }
        users = client.get("/admin/users", params={"role": "customer"}, headers=access["admin"]).json()
        assert users["count"] >= 40
        assert client.get("/admin/suppliers", headers=access["admin"]).json()["count"] >= 3
        statuses = {
            status: client.get("/admin/orders", params={"status": status}, headers=access["admin"]).json()[
                "count"
            ]
            for status in ("placed", "acknowledged", "scheduled", "in_transit", "delivered", "cancelled")
        }
        assert all(statuses.values()), statuses
        tanks = client.get("/tanks", headers=access["customer"]).json()["results"]
        days = client.get(
            f"/tanks/{tanks[-1]['id']}/levels",
            params={"interval": "1d", "limit": 100},
            headers=access["customer"],
        ).json()["results"]
        assert len(days) >= 55
        assert max(day["usageLiters"] for day in days) > 0


@pytest.mark.parametrize("document", DOCS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_the_documents_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)", document.read_text())
    missing = [
        link
        for link in links
        if not re.match(r"[a-z]+:", link) and not os.path.exists(document.parent / link)  # noqa: PTH110
    ]
    assert missing == []
