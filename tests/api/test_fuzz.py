"""The OpenAPI document is true: schemathesis, with all its checks, finds nothing, whoever asks."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.core.wsgi import get_wsgi_application

from accounts.tokens import tokens_issue

# What ends the sign-in that the run itself uses.
LEFT_OUT = "^/api/(users/me|auth/change-password)$"
SEED = "20261123"
LONGEST_SECONDS = 1_800


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 64


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: thousands of requests would bury the report."""


@pytest.fixture
def served(db: None, settings: Any) -> Iterator[str]:
    """The address of the API, served from this process without rate limits."""
    settings.RATE_LIMITS = dict.fromkeys(settings.RATE_LIMITS, 0)
    server = make_server("127.0.0.1", 0, get_wsgi_application(), _Server, _Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def run(address: str, *, token: str | None, folder: Path, options: tuple[str, ...]) -> str:
    """Schemathesis' report; empty when it found nothing."""
    arguments = [*options, "--seed", SEED, "--checks", "all", "--no-color", "--workers", "2"]
    arguments += ["--exclude-path-regex", LEFT_OUT]
    if token:
        arguments += ["--header", f"Authorization: Bearer {token}"]
    schemathesis = Path(sys.executable).with_name("schemathesis")
    done = subprocess.run(
        [schemathesis, "run", f"{address}/api/schema", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.timeout(LONGEST_SECONDS)
@pytest.mark.parametrize("name", ["anonymous", "alice", "sam", "ada"])
def test_schemathesis_finds_nothing(
    name: str, served: str, request: pytest.FixtureRequest, tmp_path: Path, fuzz_options: tuple[str, ...]
) -> None:
    user = None if name == "anonymous" else request.getfixturevalue(name)
    token = tokens_issue(user=user)["access"] if user else None
    report = run(served, token=token, folder=tmp_path, options=fuzz_options)
    assert not report, report
