"""How many workers and threads of gunicorn serve the API best, one after the other in one run.

`python -m benchmarks.http.servers` prints one line of JSON a way of serving.
"""

import json

from benchmarks.api import compare, routes_of
from benchmarks.http.world import gunicorn, world

READINGS = 10_000
ROUTE = "levels?limit=100"
TURNS, SECONDS = 3, 1.5


def main() -> None:
    ways = {
        "gunicorn, 1 worker, 4 threads": lambda port: gunicorn("product", port, workers=1),
        "gunicorn, 2 workers, 4 threads": lambda port: gunicorn("product", port),
        "gunicorn, 2 workers, 1 thread": lambda port: gunicorn("product", port, threads=1),
    }
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
