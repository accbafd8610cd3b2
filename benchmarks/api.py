"""Hot reads over HTTP with JWT: the product against the limit, against Express, and against its own growth.

The limit is a bare callable (`benchmarks.http.bare`) with the same queries on the same servers. Prints one line of
JSON a figure; each is a ratio to something measured in the same run, in turns, so that a busy machine disturbs both
alike. `python -m benchmarks.api [--quick]`.
"""

import argparse
import json
import statistics
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from benchmarks.http.client import body_of, load
from benchmarks.http.world import Server, World, world

CONNECTIONS = 8
SMALL, LARGE = 1_000, 1_000_000
GOALS = {"rate_to_bare": 0.8, "p99_to_bare": 1.5, "rate_to_express": 1.3, "cost_growth": 1.3}


@dataclass(frozen=True)
class Turn:
    """Requests a second, the 99th percentile in ms, and the server's own processor time a request in ms."""

    rate: float
    p99: float
    cpu: float


def turn(server: Server, path: str, token: str, seconds: float) -> Turn:
    before = server.cpu_seconds()
    measured = load(server.port, path, token, connections=CONNECTIONS, seconds=seconds)
    cpu = (server.cpu_seconds() - before) / len(measured.seconds)
    return Turn(measured.per_second, measured.percentile(0.99) * 1000, cpu * 1000)


def compare(
    servers: dict[str, Server], path: str, token: str, *, turns: int, seconds: float
) -> dict[str, Turn]:
    """The median turn of each server, after one to warm up."""
    for server in servers.values():
        body_of(server.port, path, token)  # a busy machine may take seconds over the first
    taken: dict[str, list[Turn]] = {name: [] for name in servers}
    for number in range(turns + 1):
        for name, server in servers.items():
            one = turn(server, path, token, seconds)
            if number:
                taken[name].append(one)

    def median(name: str, of: Callable[[Turn], float]) -> float:
        return statistics.median(map(of, taken[name]))

    return {
        name: Turn(
            median(name, lambda one: one.rate),
            median(name, lambda one: one.p99),
            median(name, lambda one: one.cpu),
        )
        for name in servers
    }


def tell(figure: str, route: str, ratio: float, **more: object) -> None:
    line = {"figure": f"api.{figure}", "route": route, "ratio": round(ratio, 3), "goal": GOALS.get(figure)}
    print(json.dumps({**line, **more}), flush=True)


def routes_of(made: World) -> dict[str, str]:
    return {
        "levels?limit=100": f"/api/tanks/{made.tank_id}/levels?limit=100",
        "orders?pageSize=20": "/api/orders?pageSize=20",
        "tanks": "/api/tanks",
    }


def check_bodies(servers: dict[str, Server], path: str, token: str) -> None:
    """They answer alike: as many results, and about as many bytes. Raises AssertionError."""
    bodies = {name: body_of(server.port, path, token) for name, server in servers.items()}
    counts = {name: len(json.loads(body)["results"]) for name, body in bodies.items()}
    assert len(set(counts.values())) == 1, (path, counts)
    sizes = {name: len(body) for name, body in bodies.items()}
    assert min(sizes.values()) > 0.8 * max(sizes.values()), (path, sizes)


def express_of(made: World, stack: ExitStack) -> dict[str, Server]:
    """Express, where it can be had."""
    try:
        return {"express": stack.enter_context(made.serving("express"))}
    except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
        skipped = {
            "figure": "api.rate_to_express",
            "skipped": f"no node, or no registry of packages: {error}",
        }
        print(json.dumps(skipped), flush=True)
        return {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="100,000 in place of a million, and short turns")
    quick = parser.parse_args().quick
    large, turns, seconds = (LARGE // 10, 3, 1.0) if quick else (LARGE, 5, 2.0)
    with world() as made, ExitStack() as stack:
        made.fill(SMALL)
        small = {}
        product = stack.enter_context(made.serving("product"))
        for route, path in routes_of(made).items():
            small[route] = compare({"product": product}, path, made.token, turns=turns, seconds=seconds)
        made.fill(large)
        servers = {"product": product, "bare": stack.enter_context(made.serving("bare"))}
        servers |= express_of(made, stack)
        for route, path in routes_of(made).items():
            check_bodies(servers, path, made.token)
            found = compare(servers, path, made.token, turns=turns, seconds=seconds)
            ours, bare, before = found["product"], found["bare"], small[route]["product"]
            tell(
                "rate_to_bare",
                route,
                ours.rate / bare.rate,
                product=round(ours.rate),
                bare=round(bare.rate),
                cpu_ms_product=round(ours.cpu, 3),
                cpu_ms_bare=round(bare.cpu, 3),
            )
            tell(
                "p99_to_bare",
                route,
                ours.p99 / bare.p99,
                product_ms=round(ours.p99, 1),
                bare_ms=round(bare.p99, 1),
            )
            if "express" in found:
                theirs = found["express"].rate
                tell("rate_to_express", route, ours.rate / theirs, express=round(theirs))
            tell("cost_growth", route, ours.cpu / before.cpu, sizes=[SMALL, large])


if __name__ == "__main__":
    main()
