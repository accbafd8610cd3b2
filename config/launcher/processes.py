"""What runs: the preparation and every process of the product, its command line, and the order of stopping."""

import sys
from collections.abc import Mapping
from pathlib import Path

from config.environment import Environment
from config.launcher.children import Command

WEB_WORKERS = 2
WEB_THREADS = 4
TASK_WORKERS = 2
DRAIN_SECONDS = 4.5  # of the listener's seconds at a stop


def environment_of_children(environment: Environment, *, live_socket: Path) -> dict[str, str]:
    """The variables every child is given; `environment` has the address of each server, embedded or not."""
    return {
        "PORT": str(environment.port),
        "MQTT_PORT": str(environment.mqtt_port),
        "BIND_ADDRESS": environment.bind_address,
        "VAR_DIR": str(environment.var_dir),
        "MONGODB_URI": environment.mongodb_uri or "",
        "REDIS_URL": environment.redis_url or "",
        "MQTT_URL": environment.mqtt_url or "",
        "DEMO": "1" if environment.demo else "0",
        "SECRET_KEY": environment.secret_key or "",
        "DEBUG": "1" if environment.debug else "0",
        "ALLOWED_HOSTS": ",".join(environment.allowed_hosts),
        "PUBLIC_URL": environment.public_url,
        "LIVE_SOCKET": str(live_socket),
        "PYTHONUNBUFFERED": "1",
        # Images often forbid writing compiled modules. Eight processes that each compile all they import take
        # three times as long to start.
        "PYTHONDONTWRITEBYTECODE": "",
        # Celery's word on root: the container or the person chose that, and no pickle is accepted.
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser",
        # One thread a process for numpy's linear algebra: the processes share the cores among themselves.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


def preparation(environment: Environment, env: Mapping[str, str]) -> Command:
    """What runs to its end before the product starts."""
    demo = ("demo",) if environment.demo else ()
    return _module("prepare", "config.launcher.prepare", *demo, env=env)


def processes(environment: Environment, env: Mapping[str, str], *, devices_url: str) -> list[Command]:
    """What runs as long as the product does. `devices_url` is where devices, simulated ones too, connect."""
    # What the embedded broker has acknowledged is in its memory alone: the listener takes all before both stop.
    embedded = devices_url != environment.mqtt_url
    drain = ("--drain", str(DRAIN_SECONDS)) if embedded else ()
    found = [
        _module(
            "web",
            *(
                "gunicorn",
                "config.wsgi:application",
                "--bind",
                f"{environment.bind_address}:{environment.port}",
            ),
            *("--worker-class", "config.webserver.LiveHandoffWorker"),
            *("--workers", str(WEB_WORKERS), "--threads", str(WEB_THREADS), "--preload"),
            *(
                "--keep-alive",
                "15",
                "--graceful-timeout",
                "3",
                "--no-control-socket",
                "--log-level",
                "warning",
            ),
            *("--limit-request-line", "8190"),
            env=env,
        ),
        _module("live", "config.liveserver", env=env),
        _module(
            "worker", *_celery("worker"), "--concurrency", str(TASK_WORKERS), "--without-mingle", env=env
        ),
        _module("beat", *_celery("beat"), "--pidfile", "", env=env),
        _manage("listener", "mqtt_listener", *drain, env=env),
    ]
    if environment.demo:
        found.append(_manage("fleet", "simulate_fleet", env={**env, "MQTT_URL": devices_url}))
    return found


# The product, whose unfinished work waits in the stores, then the stores; each with the seconds it has. Together
# they stay under the ten seconds a stop may take.
STOP_STAGES: tuple[tuple[tuple[str, ...], float], ...] = (
    (("fleet", "beat", "web", "live", "worker", "listener"), 6.0),
    (("broker", "valkey", "mongod"), 2.5),
)


def _module(name: str, *arguments: str, env: Mapping[str, str]) -> Command:
    return Command(name=name, argv=(sys.executable, "-m", *arguments), env=env)


def _manage(name: str, *arguments: str, env: Mapping[str, str]) -> Command:
    return Command(name=name, argv=(sys.executable, "manage.py", *arguments), env=env)


def _celery(role: str) -> tuple[str, ...]:
    return ("celery", "--quiet", "--app", "config.celery", role, "--loglevel", "WARNING")
