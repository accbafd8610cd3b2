"""Registering, signing in and out, and passwords, through HTTP."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from accounts.mails import password_link_send
from accounts.models import User
from tests.factories import PASSWORD

Api = Callable[..., Any]
NEW = "a-quiet-spring-in-may"


def registration(**changes: Any) -> dict[str, Any]:
    return {"name": "Carol Creek", "email": "carol@example.org", "password": PASSWORD, **changes}


def sign_in(api: Api, email: str, password: str = PASSWORD) -> Any:
    return api().post("/api/auth/login", {"email": email, "password": password})


def bearer(api: Api, access: str) -> Any:
    client = api()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")
    return client


def test_who_registers_is_a_customer_and_signed_in(api: Api) -> None:
    body = registration(
        email="Carol@Example.ORG",
        role="admin",
        isStaff=True,
        address={"city": "Berlin", "postalCode": "10115"},
    )
    response = api().post("/api/auth/register", body)
    assert response.status_code == 201
    answer = response.json()
    assert set(answer) == {"user", "access", "refresh"}
    assert (answer["user"]["role"], answer["user"]["email"]) == ("customer", "carol@example.org")
    assert answer["user"]["address"]["postalCode"] == "10115"
    assert "password" not in response.content.decode()
    me = bearer(api, answer["access"]).get("/api/users/me")
    assert me.json() == answer["user"]


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"password": "password"}, "password", "weak_password"),
        ({"password": "carolcreek"}, "password", "weak_password"),
        ({"password": "short"}, "password", "invalid"),
        ({"password": "8402983402"}, "password", "invalid"),
        ({"email": "carol"}, "email", "invalid"),
        ({"email": None}, "email", "invalid"),
        ({"name": ""}, "name", "invalid"),
        ({"phone": "call me"}, "phone", "invalid"),
        (
            {"address": {"coordinates": {"latitude": 91, "longitude": 0}}},
            "address.coordinates.latitude",
            "invalid",
        ),
    ],
)
def test_a_bad_registration_says_which_field(
    api: Api, alice: Any, changes: dict[str, Any], field: str, code: str
) -> None:
    response = api().post("/api/auth/register", registration(**changes))
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == code
    assert field in response.json()["errors"]
    assert User.objects.count() == 1


def test_signing_in_does_not_tell_an_unknown_e_mail_from_a_wrong_password(api: Api, alice: Any) -> None:
    wrong, unknown = sign_in(api, alice.email, "not this one"), sign_in(api, "nobody@example.org")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()
    assert wrong["WWW-Authenticate"] == unknown["WWW-Authenticate"] == 'Bearer realm="api"'
    right = sign_in(api, "Alice@Example.org")
    assert right.status_code == 200
    assert right.json()["user"]["id"] == str(alice.pk)


def test_ten_failures_lock_the_account_for_that_address_alone(api: Api, alice: Any, bob: Any) -> None:
    for _ in range(10):
        assert sign_in(api, alice.email, "not this one").status_code == 401
    locked = sign_in(api, alice.email)
    assert (locked.status_code, locked.json()["code"]) == (429, "locked")
    assert 0 < int(locked["Retry-After"]) <= 900
    elsewhere = api().post(
        "/api/auth/login", {"email": alice.email, "password": PASSWORD}, REMOTE_ADDR="192.0.2.7"
    )
    assert elsewhere.status_code == 200
    assert sign_in(api, bob.email).status_code == 200


def test_the_thirty_first_attempt_in_a_minute_waits(api: Api, db: None) -> None:
    statuses = [api().post("/api/auth/register", {}).status_code for _ in range(31)]
    assert statuses == [400] * 30 + [429]


def test_a_person_who_was_switched_off_cannot_sign_in(api: Api, alice: Any) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert sign_in(api, alice.email).json()["code"] == "bad_credentials"


def test_refreshing_rotates_and_a_replay_ends_the_sign_in(api: Api, alice: Any) -> None:
    first = sign_in(api, alice.email).json()
    second = api().post("/api/auth/refresh-token", {"refresh": first["refresh"]})
    assert second.status_code == 200
    assert set(second.json()) == {"access", "refresh"}
    assert bearer(api, second.json()["access"]).get("/api/users/me").status_code == 200
    replay = api().post("/api/auth/refresh-token", {"refresh": first["refresh"]})
    assert (replay.status_code, replay.json()["code"]) == (401, "token_reused")
    assert "WWW-Authenticate" in replay
    refused = api().post("/api/auth/refresh-token", {"refresh": second.json()["refresh"]})
    assert refused.json()["code"] == "token_revoked"
    after = bearer(api, second.json()["access"]).get("/api/users/me")
    assert (after.status_code, after.json()["code"]) == (401, "token_revoked")


def test_what_is_no_refresh_token_refreshes_nothing(api: Api, alice: Any) -> None:
    access = sign_in(api, alice.email).json()["access"]
    for token in ("x", access):
        response = api().post("/api/auth/refresh-token", {"refresh": token})
        assert (response.status_code, response.json()["code"]) == (401, "token_invalid")


def test_signing_out_ends_this_sign_in_and_may_be_repeated(api: Api, alice: Any) -> None:
    here, there = sign_in(api, alice.email).json(), sign_in(api, alice.email).json()
    for _ in range(2):
        assert api().post("/api/auth/logout", {"refresh": here["refresh"]}).status_code == 204
    assert bearer(api, here["access"]).get("/api/users/me").status_code == 401
    assert api().post("/api/auth/refresh-token", {"refresh": here["refresh"]}).status_code == 401
    assert bearer(api, there["access"]).get("/api/users/me").status_code == 200


def test_changing_the_password_ends_the_other_sign_ins(api: Api, alice: Any) -> None:
    here, there = sign_in(api, alice.email).json(), sign_in(api, alice.email).json()
    body = {"currentPassword": PASSWORD, "newPassword": NEW}
    assert bearer(api, here["access"]).post("/api/auth/change-password", body).status_code == 204
    assert bearer(api, here["access"]).get("/api/users/me").status_code == 200
    assert bearer(api, there["access"]).get("/api/users/me").status_code == 401
    assert sign_in(api, alice.email).status_code == 401
    assert sign_in(api, alice.email, NEW).status_code == 200


def test_an_e_mail_is_taken_in_any_case(api: Api, alice: Any) -> None:
    response = api().post("/api/auth/register", registration(email="ALICE@example.org"))
    assert (response.status_code, response.json()["code"]) == (409, "email_taken")
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("current", "new", "code", "field"),
    [
        ("not this one", NEW, "wrong_password", "currentPassword"),
        (PASSWORD, "password123", "weak_password", "newPassword"),
        (PASSWORD, "", "invalid", "newPassword"),
    ],
)
def test_a_refused_change_keeps_the_password(
    api: Api, alice: Any, current: str, new: str, code: str, field: str
) -> None:
    body = {"currentPassword": current, "newPassword": new}
    response = api(alice).post("/api/auth/change-password", body)
    assert (response.status_code, response.json()["code"]) == (403 if code == "wrong_password" else 400, code)
    assert field in response.json()["errors"]
    assert sign_in(api, alice.email).status_code == 200


def link_of(mail: str) -> dict[str, str]:
    found = re.search(r"/reset-password\?uid=([0-9a-f]{24})&token=(\S+)", mail)
    assert found
    return {"uid": found[1], "token": found[2]}


def test_asking_for_a_link_answers_the_same_for_anyone(api: Api, alice: Any) -> None:
    answers = [
        api().post("/api/auth/password-reset", {"email": email})
        for email in (alice.email, "nobody@example.org")
    ]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].content == answers[1].content


def test_a_mailed_link_sets_the_password_once(api: Api, alice: Any, bob: Any, mailoutbox: list[Any]) -> None:
    before = sign_in(api, alice.email).json()
    password_link_send(email=alice.email, purpose="reset")
    assert mailoutbox[0].to == [alice.email]
    link = link_of(mailoutbox[0].body)
    weak = api().post("/api/auth/password-reset/confirm", {**link, "newPassword": "password1"})
    assert (weak.status_code, weak.json()["code"]) == (400, "weak_password")
    other = api().post("/api/auth/password-reset/confirm", {**link, "uid": str(bob.pk), "newPassword": NEW})
    assert (other.status_code, other.json()["code"]) == (400, "invalid_token")
    nobodys = {**link, "uid": "64b000000000000000000001", "newPassword": NEW}
    unknown = api().post("/api/auth/password-reset/confirm", nobodys)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "invalid_token")
    assert api().post("/api/auth/password-reset/confirm", {**link, "newPassword": NEW}).status_code == 204
    again = api().post("/api/auth/password-reset/confirm", {**link, "newPassword": PASSWORD})
    assert (again.status_code, again.json()["code"]) == (400, "invalid_token")
    assert sign_in(api, alice.email, NEW).status_code == 200
    assert bearer(api, before["access"]).get("/api/users/me").status_code == 401


def test_passwords_are_hashed_slowly(api: Api) -> None:
    api().post("/api/auth/register", registration())
    assert User.objects.get(email="carol@example.org").password.startswith(
        "argon2$argon2id$v=19$m=19456,t=2,p=1"
    )
