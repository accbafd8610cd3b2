"""What never gets into the log."""

import logging

import pytest

from common.logging import SecretsFilter


@pytest.mark.parametrize(
    ("path", "logged"),
    [
        ("/api/v1/roof-1:s3cret/telemetry", "/api/v1/…/telemetry"),
        ("/d/s3cret", "/d/…"),
        ("/t/s3cret/position", "/t/…/position"),
        ("/u/s3cret", "/u/…"),
        ("/api/tanks/64b7/levels", "/api/tanks/64b7/levels"),
        ("/static/d/app.js", "/static/d/app.js"),
    ],
)
def test_a_secret_in_an_address_is_not_logged(path: str, logged: str) -> None:
    record = logging.LogRecord(
        "django.request", logging.WARNING, "", 0, "%s: %s", ("Bad Request", path), None
    )
    assert SecretsFilter().filter(record)
    assert record.getMessage() == f"Bad Request: {logged}"
