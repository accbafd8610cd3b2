"""A window of the browser, and what it complained of."""

import os
from typing import Any

SHOTS = os.environ.get("BROWSER_SHOTS", "")
"""A folder for pictures of the pages that are looked at."""


class Visit:
    """A page that remembers everything the browser complained of, and what its socket said and heard."""

    def __init__(self, browser: Any, base: str, **options: Any) -> None:
        self.base = base
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.said: list[str] = []
        self.heard: list[str] = []
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("websocket", self._socket)

    def _console(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def _socket(self, socket: Any) -> None:
        socket.on("framesent", lambda text: self.said.append(str(text)))
        socket.on("framereceived", lambda text: self.heard.append(str(text)))

    def sign_in(self, email: str) -> None:
        from tests.factories import PASSWORD

        self.page.goto(f"{self.base}/login")
        self.page.get_by_label("E-mail").fill(email)
        self.page.get_by_label("Password").fill(PASSWORD)
        with self.page.expect_navigation():
            self.page.get_by_role("button", name="Sign in").click()

    def open(self, path: str) -> Any:
        """The page at `path`, loaded."""
        self.page.goto(f"{self.base}{path}")
        return self.page

    def live(self) -> None:
        """Until the page's socket is connected and what happened before that has been fetched."""
        with self.page.expect_response(lambda response: response.request.headers.get("hx-request") == "true"):
            self.page.locator("[data-live][data-state=on]").first.wait_for(state="attached")
        self.page.wait_for_load_state("networkidle")

    def serious(self, name: str) -> list[str]:
        """What axe-core finds serious or critical, and whether the page is wider than its window."""
        from axe_playwright_python.sync_playwright import Axe

        if SHOTS:
            self.page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)
        found = [
            f"{name}: {one['impact']} {one['id']} {one['nodes'][0]['html'][:200]}"
            for one in Axe().run(self.page).response["violations"]
            if one["impact"] in ("serious", "critical")
        ]
        if self.page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{name}: wider than the window")
        return found
