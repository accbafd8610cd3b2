"""The web and live processes, once for all tests of sockets."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.driver import Product, running_product


@pytest.fixture(scope="session")
def product(django_db_setup: Any, django_db_blocker: Any) -> Iterator[Product]:
    with (
        django_db_blocker.unblock(),
        tempfile.TemporaryDirectory() as folder,
        running_product(Path(folder)) as running,
    ):
        yield running
        sys.stderr.write((Path(folder) / "product.log").read_text())


@pytest.fixture
def token():
    """`await token(user)`: an access token."""
    from asgiref.sync import sync_to_async

    from accounts.tokens import tokens_issue

    return sync_to_async(lambda user: tokens_issue(user=user)["access"])
