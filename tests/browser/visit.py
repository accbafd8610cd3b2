"""A window of the browser, and what it complained of."""

import os
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import TimeoutError as NeverError

SHOTS = os.environ.get("BROWSER_SHOTS", "")
"""A folder for pictures of the pages that are looked at."""

REFRESHED = """() => !document.querySelector(".htmx-request") && performance.getEntriesByType("resource").some(
  (entry) => entry.initiatorType === "xmlhttprequest" && entry.name === location.href)"""
STILL = """() => new Promise((frame) => requestAnimationFrame(() => requestAnimationFrame(frame)))
  .then(() => Promise.allSettled(document.getAnimations().map((one) => one.finished)))
  .then(() => true)"""
SERIOUS = """() => axe.run({resultTypes: ["violations"]}).then(({violations}) => violations
  .filter(({impact}) => impact === "serious" || impact === "critical")
  .map(({impact, id, nodes}) => `${impact} ${id} ${nodes[0].html.slice(0, 200)}`))"""


class Visit:
    """A page that remembers everything the browser complained of, what it asked for, and what its socket said and
    heard.
    """

    def __init__(self, browser: Any, base: str, **options: Any) -> None:
        self.base = base
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.said: list[str] = []
        self.heard: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("websocket", self._socket)
        self.page.on("response", lambda answer: self._asked(answer.request, answer.status))
        self.page.on("requestfailed", lambda request: self._asked(request, request.failure))

    def _console(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def _socket(self, socket: Any) -> None:
        socket.on("framesent", lambda text: self.said.append(str(text)))
        socket.on("framereceived", lambda text: self.heard.append(str(text)))

    def _asked(self, request: Any, outcome: Any) -> None:
        self.asked.append(f"{request.method} {request.url} {outcome}")

    def sign_in(self, email: str, password: str = "") -> None:
        """`password`: the factories' unless given."""
        if not password:
            from tests.factories import PASSWORD as password  # Django must be ready for these

        self.page.goto(f"{self.base}/login")
        self.page.get_by_label("E-mail").fill(email)
        self.page.get_by_label("Password").fill(password)
        with self.page.expect_navigation():
            self.page.get_by_role("button", name="Sign in").click()

    def says(self, text: str) -> None:
        """Waits until the page says so; one that never does is asked what it did instead."""
        try:
            self.page.get_by_text(text).wait_for()
        except NeverError as error:
            did = "\n".join([*self.asked[-20:], *self.complaints, self.page.inner_text("body")])
            raise AssertionError(f"the page never said {text!r}:\n{did}") from error

    def open(self, path: str) -> Any:
        """The page at `path`, loaded."""
        self.page.goto(f"{self.base}{path}")
        return self.page

    def live(self) -> None:
        """Until the page's socket is connected and what happened before that has been fetched."""
        self.page.locator("[data-live][data-state=on]").first.wait_for(state="attached")
        self.page.wait_for_function(REFRESHED)

    def _violations(self) -> list[str]:
        """What stays when the page stands still: a refresh in the midst of the look is looked at again."""
        found: list[str] = self.page.evaluate(SERIOUS)
        if found:
            self.page.wait_for_load_state("networkidle")
            self.page.evaluate(STILL)
            found = self.page.evaluate(SERIOUS)
        return found

    def serious(self, name: str) -> list[str]:
        """What axe-core finds serious or critical, and whether the page is wider than its window."""
        self.page.evaluate(STILL)
        if SHOTS:
            self.page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)
        own = len(self.complaints)
        if not self.page.evaluate("Boolean(window.axe)"):
            self.page.evaluate(AXE_SCRIPT)
        found = [f"{name}: {violation}" for violation in self._violations()]
        del self.complaints[own:]  # axe-core's own: it tries inline styles
        if self.page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{name}: wider than the window")
        return found
