"""The one shape of every failure."""

import io
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from wsgiref.headers import Headers

import pytest
from django.conf import settings
from django.test import Client, RequestFactory

from common.api import documents
from config.policy import NOTHING
from config.wsgi import application

Api = Callable[..., Any]
MEMBERS = {"type", "title", "status", "detail", "code"}


def check(response: Any, status: int, code: str) -> None:
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert set(problem) >= MEMBERS
    assert (problem["status"], problem["code"]) == (status, code)
    assert ("errors" in problem) == (status == 400)


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/nothing", "/api/tanks/5", "/api/users/me/"])
def test_an_unknown_path_is_a_problem(api: Api, db: None, path: str) -> None:
    check(api().get(path), 404, "not_found")


def test_no_token_and_bad_tokens_are_told_apart(api: Api, alice: Any) -> None:
    response = api().get("/api/users/me")
    check(response, 401, "not_authenticated")
    assert response["WWW-Authenticate"].startswith("Bearer")
    bad = api()
    bad.credentials(HTTP_AUTHORIZATION="Bearer x.y.z")
    check(bad.get("/api/users/me"), 401, "token_invalid")


def test_a_wrong_method_names_the_right_ones(api: Api, alice: Any) -> None:
    response = api(alice).put("/api/users/me", {})
    check(response, 405, "method_not_allowed")
    assert {"GET", "PATCH", "DELETE"} <= set(response["Allow"].split(", "))


def test_a_wrong_method_is_told_before_a_token_in_the_address(api: Api, db: None) -> None:
    check(api().put("/api/v1/nobody:nothing/telemetry", {}), 405, "method_not_allowed")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "malformed"),
        (b"", 400, "invalid"),
        (b'{"email": NaN}', 400, "malformed"),
        (b"[" * 10_000, 400, "malformed"),
        (b"\xff\xfe", 400, "malformed"),
        (b"[]", 400, "invalid"),
        (b"5", 400, "invalid"),
        (b"null", 400, "invalid"),
        (b'{"email": "a\\u0000@example.org"}', 400, "invalid"),
        (b'"' + b"x" * settings.MAX_BODY_BYTES + b'"', 413, "too_large"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_bad_body_is_a_problem(client: Client, db: None, body: bytes, status: int, code: str) -> None:
    response = client.post("/api/auth/login", body, content_type="application/json")
    check(response, status, code)


def test_json_is_given_whatever_is_accepted(api: Api, db: None) -> None:
    for accepted in ("text/html", "application/problem+json", "nonsense"):
        check(api().get("/api/tanks", headers={"Accept": accepted}), 401, "not_authenticated")


def test_a_body_in_chunks_is_read(db: None) -> None:
    """As gunicorn gives it: without a length."""
    environ = RequestFactory().post("/api/auth/login", content_type="application/json").environ
    environ.update(HTTP_TRANSFER_ENCODING="chunked", **{"wsgi.input": io.BytesIO(b'{"email": 5}')})
    del environ["CONTENT_LENGTH"]
    body = b"".join(application(environ, lambda status, headers: None))
    assert set(json.loads(body)["errors"]) == {"email", "password"}
    assert json.loads(body)["errors"]["email"] == ["Give an e-mail address."]


def answered(path: str, **environ: str) -> tuple[str, Headers, bytes]:
    """What gunicorn would be given for a GET: status, headers, body."""
    told: list[Any] = []
    body = application(
        RequestFactory().get(path, headers={"host": "localhost"}).environ | environ,
        lambda *args: told.extend(args),
    )
    return told[0], Headers(told[1]), b"".join(body)


@pytest.mark.parametrize("path", ["/api/tanks", "/api/nothing", "/api/schema", "/internal/nothing"])
def test_every_answer_is_guarded_and_sets_no_cookie(db: None, path: str) -> None:
    _, headers, body = answered(path)
    assert int(headers["Content-Length"]) == len(body)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Content-Security-Policy"] == NOTHING
    assert headers["Cache-Control"]
    assert headers["Set-Cookie"] is None


def test_a_host_that_is_not_ours_is_a_problem(db: None) -> None:
    status, headers, body = answered("/api/tanks", HTTP_HOST="elsewhere.example")
    assert status == "400 Bad Request"
    assert headers["Content-Type"] == "application/problem+json"
    assert json.loads(body)["status"] == 400


@pytest.mark.parametrize("path", ["/api/fails", "/api/unwritable", "/api/fails-outside"])
def test_an_unforeseen_failure_is_logged_and_told_without_its_insides(
    db: None, settings: Any, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    settings.ROOT_URLCONF = "tests.api.failing_urls"
    status, headers, body = answered(path)
    assert status == "500 Internal Server Error"
    assert headers["Content-Type"] == "application/problem+json"
    assert len(headers["X-Request-ID"]) == 32
    assert json.loads(body)["code"] == "server_error"
    assert b"secret" not in body
    assert any(record.exc_info for record in caplog.records)


def test_other_content_is_refused(client: Client, db: None) -> None:
    check(client.post("/api/auth/login", {"email": "a"}), 415, "unsupported_media_type")


def test_errors_name_the_field_by_its_path(api: Api, alice: Any) -> None:
    body = {"address": {"postalCode": 5, "coordinates": {"latitude": "x", "longitude": 0}}, "phone": "?"}
    response = api(alice).patch("/api/users/me", body)
    check(response, 400, "invalid")
    assert set(response.json()["errors"]) == {
        "address.postalCode",
        "address.coordinates.latitude",
        "phone",
    }


@pytest.mark.parametrize("query", ["page=0", "page=x", "pageSize=101", "page=2", "page=99999999999999999999"])
def test_a_page_out_of_range_is_refused(api: Api, alice: Any, query: str) -> None:
    assert api(alice).get(f"/api/notifications?{query}").status_code in (400, 404)


def test_every_answer_carries_the_requests_id(api: Api, db: None) -> None:
    assert api().get("/api/nothing", headers={"X-Request-ID": "abc-1"})["X-Request-ID"] == "abc-1"
    assert len(api().get("/api/nothing")["X-Request-ID"]) == 32


def test_the_document_can_be_asked_for_by_many_at_once(db: None) -> None:
    documents._made.cache_clear()
    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(Client().get, "/api/schema") for _ in range(4)]
    assert {answer.result().status_code for answer in answers} == {200}
