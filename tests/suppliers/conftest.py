"""What the suppliers' tests share."""

from typing import Any

import pytest


@pytest.fixture
def order(alice: Any, tank: Any, sam: Any) -> Any:
    """1,000 litres for alice's tank, placed with sam."""
    from orders.services import order_place

    return order_place(user=alice, tank=tank, amount=1_000)
