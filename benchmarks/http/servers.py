"""Which HTTP server serves the API best, and with how many workers and threads, one after the other in one run.

`python -m benchmarks.http.servers` prints one line of JSON a way of serving. Granian and uvicorn take part where they
are installed (`pip install granian uvicorn`).
"""

import json
import sys
from collections.abc import Callable
from importlib.util import find_spec

from benchmarks.api import compare, routes_of
from benchmarks.http.world import gunicorn, world

READINGS = 10_000
ROUTE = "levels?limit=100"
TURNS, SECONDS = 3, 1.5


def others(port: int) -> dict[str, list[str]]:
    """Servers that the product could use in gunicorn's place: the module of each way, and its command line."""
    here, at = ("--host", "127.0.0.1", "--port", str(port)), str(port)
    return {
        "daphne": ["-b", "127.0.0.1", "-p", at, "-v", "0", "config.asgi:application"],
        "uvicorn": [*here, "--workers", "2", "--log-level", "error", "config.asgi:application"],
        "granian": [
            *("--interface", "wsgi", *here, "--workers", "2", "--blocking-threads", "4"),
            *("--log-level", "error", "config.wsgi:application"),
        ],
    }


def other(name: str) -> Callable[[int], list[str]]:
    return lambda port: [sys.executable, "-m", name, *others(port)[name]]


def main() -> None:
    ways: dict[str, Callable[[int], list[str]]] = {
        "gunicorn, 1 worker, 4 threads": lambda port: gunicorn("product", port, workers=1),
        "gunicorn, 2 workers, 4 threads": lambda port: gunicorn("product", port),
        "gunicorn, 2 workers, 1 thread": lambda port: gunicorn("product", port, threads=1),
    }
    ways |= {name: other(name) for name in others(0) if find_spec(name)}
    with world() as made:
        made.fill(READINGS)
        path = routes_of(made)[ROUTE]
        for name, way in ways.items():
            with made.running(name, way) as server:
                found = compare({name: server}, path, made.token, turns=TURNS, seconds=SECONDS)[name]
            line = {
                "figure": "api.server",
                "way": name,
                "rate": round(found.rate),
                "p99_ms": round(found.p99, 1),
            }
            print(json.dumps({**line, "cpu_ms": round(found.cpu, 3)}), flush=True)


if __name__ == "__main__":
    main()
