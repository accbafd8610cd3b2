"""The OpenAPI document is usable: a client generated from it, which nobody wrote, orders water and cancels."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from common.api.documents import schema_bytes
from tests.factories import PASSWORD, POSTAL_CODE

PACKAGE = "water_tanks_client"


@pytest.fixture
def generated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the generated package, which can be imported meanwhile."""
    document, settings = tmp_path / "schema.json", tmp_path / "settings.yml"
    document.write_bytes(schema_bytes())
    settings.write_text("post_hooks: []\n")
    folder = tmp_path / PACKAGE
    generator = [Path(sys.executable).with_name("openapi-python-client"), "generate", "--meta", "none"]
    places = ["--path", document, "--config", settings, "--output-path", folder]
    done = subprocess.run(
        [*generator, *places, "--fail-on-warning"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


def test_a_generated_client_orders_water(generated: Path, served: str, sam: Any) -> None:
    client = importlib.import_module(PACKAGE)
    m = importlib.import_module(f"{PACKAGE}.models")
    api = SimpleNamespace(
        **{
            file.stem: importlib.import_module(f"{PACKAGE}.api.{file.parent.name}.{file.stem}").sync
            for file in generated.glob("api/*/[a-z]*.py")
        }
    )
    anyone = client.Client(base_url=served)
    registration = m.RegisterRequest(
        name="Carol Spring",
        email="carol@example.org",
        password=PASSWORD,
        address=m.AddressRequest(postal_code=POSTAL_CODE),
    )
    assert api.auth_register(client=anyone, body=registration).user.role is m.Role.CUSTOMER
    credentials = m.LoginRequest(email="Carol@example.org", password=PASSWORD)
    signed_in = api.auth_login(client=anyone, body=credentials)
    carol = client.AuthenticatedClient(base_url=served, token=signed_in.access)

    shape = m.GeometryRequest(shape=m.ShapeEnum.VERTICAL_CYLINDER, height_mm=2_000)
    tank = api.tanks_create(
        client=carol, body=m.TankFieldsRequest(capacity=5_000, name="Barn", geometry=shape)
    )
    assert (tank.capacity, tank.current_level, tank.status) == (5_000, None, m.TankStatus.UNKNOWN)
    read_off = m.ManualReadingRequest(level=20)
    level = api.tanks_levels_create(tank.id, client=carol, body=read_off)
    assert (level.volume_liters, level.source) == (1_000, m.SourceEnum.MANUAL)
    assert api.tanks_levels_current(tank.id, client=carol) == level
    assert api.tanks_read(tank.id, client=carol).current_level.timestamp == level.timestamp

    wish = {"tank_id": tank.id, "amount": 1_000}
    offer = api.orders_quote(client=carol, body=m.QuoteInputRequest(**wish)).results[0]
    order = api.orders_create(
        client=carol,
        body=m.OrderInputRequest(**wish, supplier_id=offer.supplier_id),
        idempotency_key="once",
    )
    again = api.orders_create(
        client=carol,
        body=m.OrderInputRequest(**wish, supplier_id=offer.supplier_id),
        idempotency_key="once",
    )
    assert (order.status, order.price, order.id) == (m.OrderStatus.PLACED, offer.price, again.id)
    assert [one.id for one in api.orders_list(client=carol, tank_id=tank.id).results] == [order.id]
    refused = api.tanks_delete(tank.id, client=carol)
    assert (type(refused), refused.code) == (m.Problem, "open_order")
    cancelled = api.orders_cancel(order.id, client=carol, body=m.CancelInputRequest(reason="rain"))
    assert cancelled.status_history[-1].notes == "rain"
    assert api.orders_read(order.id, client=carol).status is m.OrderStatus.CANCELLED
