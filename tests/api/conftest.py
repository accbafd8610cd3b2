"""What the API's tests share."""

import threading
from collections.abc import Iterator
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from pymongo import monitoring

from config.wsgi import application
from tests.api.commands import COMMANDS

# Only clients made after this are listened to, so it is said before the database is first asked.
monitoring.register(COMMANDS)


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
    server = make_server("127.0.0.1", 0, application, _Server, _Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
