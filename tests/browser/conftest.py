"""What the tests in a browser share: the portal's world, the running product, and Chromium."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser.visit import Visit
from tests.live.conftest import product
from tests.portal.conftest import order, watched_tank

__all__ = ["order", "product", "watched_tank"]

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


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    # Playwright runs an event loop in this thread, beside which Django refuses its ORM unless told.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def visit(product: Any, chromium: Any) -> Iterator[Callable[..., Visit]]:
    """`visit(user, width=…, scheme=…)`: a window of somebody who is signed in (None: who is not)."""
    visits: list[Visit] = []

    def begin(user: Any, *, width: int = 1440, height: int = 900, scheme: str = "light") -> Visit:
        made = Visit(
            chromium,
            f"http://127.0.0.1:{product.port}",
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            reduced_motion="reduce",
        )
        visits.append(made)
        if user is not None:
            made.sign_in(user.email)
        return made

    yield begin
    for made in visits:
        made.context.close()
