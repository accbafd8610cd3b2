"""The page that a mailed link leads to."""

import re
from typing import Any

from django.test import Client

from accounts.links import RESET, password_link
from common.redis import client as redis
from tests.factories import PASSWORD

NEW = "a-quiet-spring-in-may"


def hidden(html: str) -> dict[str, str]:
    return dict(re.findall(r'type="hidden" name="(uid|token)" value="([^"]+)"', html))


def test_a_mailed_link_sets_a_new_password_once(client: Client, sam: Any) -> None:
    address = password_link(user=sam, purpose=RESET).partition("://")[2]
    page = client.get(address[address.index("/") :])
    assert page.status_code == 200
    weak = client.post("/reset-password", {**hidden(page.text), "new_password": "password1"})
    assert weak.status_code == 400
    assert "too common" in weak.text
    done = client.post("/reset-password", {**hidden(weak.text), "new_password": NEW})
    assert (done.status_code, "Your password is set" in done.text) == (200, True)
    again = client.post("/reset-password", {**hidden(page.text), "new_password": PASSWORD})
    assert (again.status_code, "not valid any more" in again.text) == (400, True)
    assert client.post("/login", {"email": sam.email, "password": NEW}).status_code == 302


def test_half_a_link_is_told_as_such(client: Client, db: None) -> None:
    response = client.post("/reset-password", {"new_password": NEW})
    assert (response.status_code, "not a whole link" in response.text) == (400, True)


def test_ten_failures_lock_the_sign_in_page_too(client: Client, sam: Any) -> None:
    for _ in range(10):
        assert client.post("/login", {"email": sam.email, "password": "not it"}).status_code == 400
    locked = client.post("/login", {"email": sam.email, "password": PASSWORD})
    assert (locked.status_code, "Too many failed attempts" in locked.text) == (429, True)


def test_a_forgotten_password_is_mailed_for_and_strangers_read_the_same(client: Client, sam: Any) -> None:
    known = client.post("/forgot-password", {"email": "Sam@example.org"})
    unknown = client.post("/forgot-password", {"email": "nobody@example.org"})

    assert known.status_code == unknown.status_code == 200
    assert known.text.replace("Sam@example.org", "…") == unknown.text.replace("nobody@example.org", "…")
    assert redis().llen("celery") == 2


def test_a_forgotten_password_needs_an_address(client: Client, db: None) -> None:
    assert client.post("/forgot-password", {"email": "x"}).status_code == 400
