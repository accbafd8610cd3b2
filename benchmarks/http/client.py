"""A client that costs little: kept-alive connections over raw sockets, each with one request under way."""

import selectors
import socket
import time
from dataclasses import dataclass, field

HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length:"


@dataclass
class Measured:
    """Seconds each request took, in the order of their ends, and how long all of them took together."""

    seconds: list[float] = field(default_factory=list)
    elapsed: float = 0.0

    @property
    def per_second(self) -> float:
        return len(self.seconds) / self.elapsed

    def percentile(self, share: float) -> float:
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class Connection:
    def __init__(self, port: int, request: bytes) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.request = request
        self.answer = b""
        self.began = 0.0

    def ask(self) -> None:
        self.answer = b""
        self.began = time.perf_counter()
        self.socket.sendall(self.request)

    def read(self) -> bool:
        """Take what has come; whether the answer is whole. Raises RuntimeError for an answer that is not 200."""
        self.answer += self.socket.recv(262_144)
        head, found, body = self.answer.partition(HEAD_END)
        if not found:
            if not self.answer:
                raise RuntimeError("the server closed the connection")
            return False
        if b" 200 " not in head[:16]:
            raise RuntimeError(self.answer[:400].decode("latin-1"))
        lower = head.lower()
        at = lower.index(LENGTH) + len(LENGTH)
        return len(body) >= int(lower[at : at + 12].split(b"\r", 1)[0])


def request_bytes(path: str, token: str) -> bytes:
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        "Accept: application/json\r\nUser-Agent: bench\r\n\r\n"
    ).encode()


def body_of(port: int, path: str, token: str) -> bytes:
    """The body of one answer."""
    connection = Connection(port, request_bytes(path, token))
    with connection.socket:
        connection.ask()
        while not connection.read():
            pass
        return connection.answer.partition(HEAD_END)[2]


def load(port: int, path: str, token: str, *, connections: int, seconds: float) -> Measured:
    """Asks over and over, `connections` at once, for `seconds`."""
    measured = Measured()
    request = request_bytes(path, token)
    opened = [Connection(port, request) for _ in range(connections)]
    with selectors.DefaultSelector() as selector:
        for connection in opened:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        begun = time.perf_counter()
        for connection in opened:
            connection.ask()
        while (now := time.perf_counter()) < begun + seconds:
            for key, _ in selector.select(timeout=1):
                if key.data.read():
                    measured.seconds.append(time.perf_counter() - key.data.began)
                    key.data.ask()
        measured.elapsed = now - begun
    for connection in opened:
        connection.socket.close()
    return measured
