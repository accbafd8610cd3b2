"""One POST to an address that a stranger chose.

The name is resolved here, every address it has must be public, and the connection goes to exactly the address
that was checked: a name that answers otherwise the next moment (rebinding) gains nothing. Redirects are not
followed, no proxy is used, the whole exchange has a deadline, and only the start of the answer is read.
"""

import socket
import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore
from django.conf import settings

from notifications.webhooks.rules import address_is_public

DEADLINE_SECONDS = 15.0
OPERATION_SECONDS = 10.0
EXCERPT_BYTES = 2_048


class CallRefusedError(Exception):
    """The address must not be called."""


class _DeadlineStream(httpcore.NetworkStream):
    """A connection none of whose operations outlasts the call's deadline, however slowly it drips."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self.stream = stream
        self.deadline = deadline

    def _left(self, timeout: float | None) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the call took too long")
        return min(left, timeout or left)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.stream.read(max_bytes, self._left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.stream.write(buffer, self._left(timeout))

    def close(self) -> None:
        self.stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self.stream.start_tls(ssl_context, server_hostname, self._left(timeout))
        return _DeadlineStream(secured, self.deadline)

    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)


class _PublicBackend(httpcore.NetworkBackend):
    """Connects to public addresses alone (unless WEBHOOKS_ALLOW_PRIVATE)."""

    def __init__(self) -> None:
        self.backend = httpcore.SyncBackend()
        self.deadline = time.monotonic() + DEADLINE_SECONDS

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        address = resolve(host, port)
        stream = self.backend.connect_tcp(address, port, timeout, local_address, socket_options)
        return _DeadlineStream(stream, self.deadline)


def resolve(host: str, port: int) -> str:
    """The address to connect to. Raises CallRefusedError when any address of the host is not public."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(f"{host} cannot be resolved: {error}") from error
    addresses = [str(entry[4][0]) for entry in found]
    if not settings.WEBHOOKS_ALLOW_PRIVATE and not all(map(address_is_public, addresses)):
        raise CallRefusedError(f"{host} is not on the public internet")
    return addresses[0]


def post(*, url: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    """POST once; the answer's status and the start of its text.

    Raises CallRefusedError for an address that must not be called, `httpcore` errors when there is no answer.
    """
    timeout = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), OPERATION_SECONDS)}
    with (
        httpcore.ConnectionPool(network_backend=_PublicBackend(), retries=0) as pool,
        pool.stream("POST", url, headers=list(headers.items()), content=body, extensions=timeout) as response,
    ):
        excerpt = b""
        for part in response.iter_stream():
            excerpt += part
            if len(excerpt) >= EXCERPT_BYTES:
                break
        return response.status, excerpt[:EXCERPT_BYTES].decode(errors="replace")
