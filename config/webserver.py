"""The gunicorn worker that serves HTTP and passes live sockets on, so that one port has both.

A threaded WSGI worker is the fastest way to serve the API (`docs/adr/`), but it cannot hold thousands of
WebSockets. This one looks at the first bytes of a request without taking them; a request for `/ws/…` is handed,
socket and all, to the live process (`config.liveserver`), which sees the client's own address: no proxy, no copy.

A connection also gets a thread only when the whole head of its request is there, so that clients that send
nothing, or little by little, cannot hold all threads.
"""

import contextlib
import json
import os
import select
import selectors
import socket
import time
from functools import partial
from http import HTTPStatus
from typing import Any

from gunicorn import util
from gunicorn.http.errors import (
    ExpectationFailed,
    InvalidResponseHeader,
    InvalidResponseHeaderName,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.workers.gthread import TConn, ThreadWorker

from config.launcher.tied import tie_to_parent

LIVE_PREFIX = b"GET /ws/"
HEAD_END = b"\r\n\r\n"
FIRST_PEEK_BYTES = 8 * 1024
LONGEST_HEAD_BYTES = 64 * 1024  # gunicorn's own limits refuse such a head
BODY_SECONDS = 30.0  # the longest silence within a request's body
LINGER_SECONDS = 0.2  # closing happens in the worker's loop, which must not wait for a client

REFUSALS = {
    LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
    UnsupportedTransferCoding: HTTPStatus.NOT_IMPLEMENTED,
}


def problem(status: HTTPStatus, *, code: str, detail: str, headers: str = "") -> bytes:
    """A whole answer that is a problem document, for what never reaches Django. `headers`: lines, each ended."""
    document = {
        "type": f"urn:problem:{code}",
        "title": status.phrase,
        "status": int(status),
        "detail": detail,
        "code": code,
    }
    if status == HTTPStatus.BAD_REQUEST:
        document["errors"] = {"nonFieldErrors": [detail]}
    body = json.dumps(document, separators=(",", ":"))
    return (
        f"HTTP/1.1 {int(status)} {status.phrase}\r\nContent-Type: application/problem+json\r\n{headers}"
        f"Cache-Control: no-store\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


UNAVAILABLE = problem(
    HTTPStatus.SERVICE_UNAVAILABLE,
    code="live_unavailable",
    detail="Live updates are starting; try again.",
    headers="Retry-After: 1\r\n",
)


class Connection(TConn):  # type: ignore[misc]
    """A client's connection, and how much of its next request's head has been seen."""

    seen = 0

    def head(self) -> bytes | None:
        """The bytes waiting, once they hold a whole head; None while more is to come.

        Empty when the client has gone. Nothing is taken from the socket.
        """
        try:
            data: bytes = self.sock.recv(FIRST_PEEK_BYTES, socket.MSG_PEEK)
            if len(data) == FIRST_PEEK_BYTES and HEAD_END not in data:
                data = self.sock.recv(LONGEST_HEAD_BYTES, socket.MSG_PEEK)
        except BlockingIOError:
            return None
        except OSError:
            return b""
        if not data or HEAD_END in data or len(data) == LONGEST_HEAD_BYTES:
            self._wake_at(1)
            return data
        if len(data) <= self.seen and self._ended():
            return b""
        self._wake_at(len(data) + 1)
        self.seen = len(data)
        return None

    def _wake_at(self, size: int) -> None:
        """Have the poller report the socket when `size` bytes wait: peeked bytes stay readable for ever."""
        if size > 1 or self.seen:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, size)
        if size == 1:
            self.seen = 0

    def _ended(self) -> bool:
        poll = select.poll()
        poll.register(self.sock, select.POLLRDHUP)
        return bool(poll.poll(0))

    def init(self) -> None:
        super().init()
        self.sock.settimeout(BODY_SECONDS)

    def close(self, graceful: bool = False) -> None:
        if graceful:
            util.close_graceful(self.sock, timeout=LINGER_SECONDS)
        else:
            util.close(self.sock)


class LiveHandoffWorker(ThreadWorker):  # type: ignore[misc]
    """gthread, with live sockets handed to the process that listens on LIVE_SOCKET."""

    def init_process(self) -> None:
        tie_to_parent()
        self.live_socket = os.environ.get("LIVE_SOCKET", "")
        super().init_process()

    def accept(self, listener: socket.socket) -> None:
        try:
            sock, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return  # another worker was faster, or the client has gone already
        self.nr_conns += 1
        conn = Connection(self.cfg, sock, address, listener.getsockname())
        conn.timeout = time.monotonic() + self.cfg.keepalive
        head = conn.head()
        if head is not None:
            self._dispatch(conn, head)
            return
        self.pending_conns.append(conn)
        self.poller.register(sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def on_pending_socket_readable(self, conn: Connection, client: socket.socket) -> None:
        """A new connection has sent something."""
        head = conn.head()
        if head is not None:
            self.poller.unregister(client)
            self.pending_conns.remove(conn)
            self._dispatch(conn, head)

    def on_client_socket_readable(self, conn: Connection, client: socket.socket) -> None:
        """A kept-alive connection has sent something of its next request."""
        head = conn.head()
        if head is not None:
            self.poller.unregister(client)
            self.keepalived_conns.remove(conn)
            self._dispatch(conn, head)

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: BaseException) -> None:
        """What is refused before the application sees it is a problem document too: gunicorn's own page is HTML."""
        ours = isinstance(exc, InvalidResponseHeader | InvalidResponseHeaderName)
        if isinstance(exc, ParseException) and not ours:
            status = REFUSALS.get(type(exc), HTTPStatus.BAD_REQUEST)
            self.log.warning("refused a request of %s: %s", addr[0] if addr else "", exc)
        else:
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            self.log.exception("a request failed outside the application")
        code = "server_error" if status == HTTPStatus.INTERNAL_SERVER_ERROR else "malformed"
        with contextlib.suppress(OSError):
            client.sendall(problem(status, code=code, detail=status.description or status.phrase))

    def _dispatch(self, conn: Connection, head: bytes) -> None:
        """Give a connection to the thread pool or to the live process; close it when the client has gone."""
        if head and not (self.live_socket and head.startswith(LIVE_PREFIX)):
            conn.data_ready = True
            self.enqueue_req(conn)
            return
        self.nr_conns -= 1
        if head and not self._hand_off(conn.sock):
            self._refuse(conn.sock, len(head))
        conn.close()

    def _hand_off(self, client: socket.socket) -> bool:
        """Send the client's socket to the live process. False when that process is not there."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as channel:
                channel.connect(self.live_socket)
                socket.send_fds(channel, [b"\0"], [client.fileno()])
        except OSError as error:
            self.log.warning("live process not reached: %s", error)
            return False
        return True

    def _refuse(self, client: socket.socket, waiting: int) -> None:
        """Answer 503. Bytes left unread at a close would cut the answer off."""
        with contextlib.suppress(OSError):
            client.recv(waiting)
            client.send(UNAVAILABLE)
            client.shutdown(socket.SHUT_WR)
