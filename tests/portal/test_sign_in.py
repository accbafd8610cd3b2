"""Signing in by session: who lands where, and nobody is led astray."""

from typing import Any

import pytest
from django.test import Client

from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db


def sign_in(client: Client, email: str, password: str = PASSWORD, **more: str) -> Any:
    return client.post("/login", {"email": email, "password": password, **more})


def test_a_supplier_lands_in_the_portal(client: Client, sam: Any) -> None:
    assert sign_in(client, "SAM@example.org").headers["Location"] == "/portal/"


def test_an_operator_lands_in_the_admin(client: Client, ada: Any) -> None:
    assert sign_in(client, ada.email).headers["Location"] == "/admin/"


def test_a_customer_is_told_that_the_app_is_theirs(client: Client, alice: Any) -> None:
    response = sign_in(client, alice.email)

    assert response.headers["Location"] == "/account"
    assert "customer account" in client.get("/account").text


def test_a_wrong_password_and_an_unknown_address_read_the_same(client: Client, sam: Any) -> None:
    wrong = sign_in(client, sam.email, "not-it")
    unknown = sign_in(client, "nobody@example.org")

    assert wrong.status_code == unknown.status_code == 400
    assert "E-mail or password is wrong." in wrong.text
    assert "E-mail or password is wrong." in unknown.text
    assert "_auth_user_id" not in client.session


def test_a_switched_off_account_cannot_sign_in(client: Client, sam: Any) -> None:
    sam.is_active = False
    sam.save()

    assert sign_in(client, sam.email).status_code == 400


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
def test_next_never_leads_elsewhere(client: Client, sam: Any, elsewhere: str) -> None:
    assert sign_in(client, sam.email, next=elsewhere).headers["Location"] == "/portal/"


def test_next_leads_back_to_the_page_that_was_asked_for(client: Client, sam: Any) -> None:
    assert sign_in(client, sam.email, next="/portal/orders?page=2").headers["Location"] == (
        "/portal/orders?page=2"
    )


def test_the_start_page_asks_strangers_to_sign_in(client: Client) -> None:
    assert client.get("/").headers["Location"] == "/login"


def test_signing_out_needs_a_post_and_ends_the_session(client: Client, sam: Any) -> None:
    client.force_login(sam)

    assert client.get("/logout").status_code == 405
    assert client.post("/logout").headers["Location"] == "/login"
    assert client.get("/").headers["Location"] == "/login"


def test_an_unknown_page_is_a_404_in_the_same_design(client: Client) -> None:
    response = client.get("/no/such/page")

    assert response.status_code == 404
    assert "Page not found" in response.text


def test_sign_in_allows_no_inline_script_or_style(client: Client) -> None:
    policy = client.get("/login").headers["Content-Security-Policy"]

    assert "unsafe" not in policy


def test_the_admins_own_sign_in_leads_to_the_one_that_locks(client: Client, sam: Any) -> None:
    assert client.get("/admin/", follow=True).redirect_chain[-1][0] == "/login?next=%2Fadmin%2F"
    assert client.post("/admin/login/", {"username": sam.email, "password": PASSWORD}).status_code == 405


def test_sign_ins_from_one_address_are_limited(client: Client, sam: Any, settings: Any) -> None:
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"auth": 3}
    for number in range(3):
        assert sign_in(client, f"user{number}@example.org", "not-it").status_code == 400

    limited = sign_in(client, sam.email)

    assert limited.status_code == 429
    assert "Too many attempts" in limited.text


def test_an_operator_changes_their_own_password(client: Client, ada: Any) -> None:
    client.force_login(ada)
    assert client.get("/admin/password_change/").headers["Location"] == "/change-password"

    wrong = client.post("/change-password", {"current_password": "x", "new_password": "deep-green-well-41"})
    done = client.post(
        "/change-password", {"current_password": PASSWORD, "new_password": "deep-green-well-41"}
    )

    assert (wrong.status_code, done.status_code) == (400, 200)
    assert client.get("/admin/").status_code == 200
    ada.refresh_from_db()
    assert ada.check_password("deep-green-well-41")
