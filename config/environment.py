"""The environment the product is started with: parsed and checked once, without Django.

Used by the launcher before anything is imported, and by `config.settings`. Every variable is optional;
a value that cannot be used raises `EnvironmentProblem`, whose text names the variable, the value and what
is allowed.
"""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from environs import Env, EnvError

env = Env()

DEFAULT_HOSTS = ("localhost", "127.0.0.1", "[::1]")
SECRET_KEY_LENGTH = 32
# The launcher writes here what it gave its children, so that `manage.py` in a second terminal finds the
# embedded servers. Read by the owner alone: it holds the secret key.
RUNNING_FILE = "run/running.json"


class EnvironmentProblem(ValueError):
    """One or more environment variables have a value that cannot be used; one line for each."""


@dataclass(frozen=True)
class Environment:
    """The variables of one start. Addresses are None when the embedded server is to be used."""

    port: int
    mqtt_port: int
    bind_address: str
    var_dir: Path
    mongodb_uri: str | None
    redis_url: str | None
    mqtt_url: str | None
    demo: bool
    secret_key: str | None
    debug: bool
    allowed_hosts: tuple[str, ...]
    public_url: str


@dataclass(frozen=True)
class Variable:
    """How one variable is read and judged; `allowed` completes the sentence of its error."""

    read: Callable[[str, Any], Any]
    default: Any
    check: Callable[[Any], bool]
    allowed: str


def _url_of(*schemes: str) -> Callable[[str], bool]:
    def check(value: str) -> bool:
        parts = urlsplit(value)
        return parts.scheme in schemes and bool(parts.hostname) and (parts.port is None or parts.port > 0)

    return check


def _mongodb_uri(value: str) -> bool:
    # Several hosts and SRV names are allowed here, which urlsplit cannot take apart.
    scheme, separator, rest = value.partition("://")
    return bool(separator) and scheme in ("mongodb", "mongodb+srv") and bool(rest.split("/")[0])


def _flag(name: str, default: bool) -> bool:
    # env.bool() reads many words; 0 and 1 alone keep a misspelling from silently meaning "off".
    value = env.str(name, "1" if default else "0")
    if value not in ("0", "1"):
        raise EnvError(name)
    return value == "1"


def _hosts(name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(host.strip() for host in env.list(name, list(default)))


def _valid_hosts(hosts: tuple[str, ...]) -> bool:
    return bool(hosts) and all(host and "/" not in host and " " not in host for host in hosts)


VARIABLES: dict[str, Variable] = {
    "PORT": Variable(env.int, 8000, lambda v: 0 < v < 65536, "a TCP port, 1 to 65535"),
    "MQTT_PORT": Variable(env.int, 1883, lambda v: 0 < v < 65536, "a TCP port, 1 to 65535"),
    "BIND_ADDRESS": Variable(
        env.str,
        "127.0.0.1",
        lambda v: all(part.isdigit() and int(part) < 256 for part in v.split(".")) and v.count(".") == 3,
        "an IPv4 address of this machine, such as 127.0.0.1 (this machine alone) or 0.0.0.0 (everyone)",
    ),
    "VAR_DIR": Variable(env.str, "var", lambda v: bool(v.strip()) and "\0" not in v, "the path of a folder"),
    "MONGODB_URI": Variable(
        env.str, None, _mongodb_uri, "a MongoDB address: mongodb://host:port/database or mongodb+srv://…"
    ),
    "REDIS_URL": Variable(
        env.str, None, _url_of("redis", "rediss"), "a Redis address: redis://host:port/0 or rediss://…"
    ),
    "MQTT_URL": Variable(
        env.str, None, _url_of("mqtt", "mqtts"), "an MQTT broker's address: mqtt://host:port or mqtts://…"
    ),
    "DEMO": Variable(_flag, True, lambda v: True, "1 (demo data and simulated sensors) or 0 (neither)"),
    "SECRET_KEY": Variable(
        env.str, None, lambda v: len(v) >= SECRET_KEY_LENGTH, f"at least {SECRET_KEY_LENGTH} characters"
    ),
    "DEBUG": Variable(_flag, False, lambda v: True, "1 or 0"),
    "ALLOWED_HOSTS": Variable(
        _hosts, DEFAULT_HOSTS, _valid_hosts, "host names separated by commas, such as water.example.com"
    ),
    "PUBLIC_URL": Variable(
        env.str, None, _url_of("http", "https"), "the address people use: http://host:port or https://host"
    ),
}


def _read(name: str, variable: Variable) -> Any:
    """One variable's value, or its default when it is unset or empty."""
    if not env.str(name, ""):
        return variable.default
    try:
        value = variable.read(name, variable.default)
        usable = variable.check(value)
    except ValueError:  # EnvError is one, and so is what urlsplit raises for a bad port
        usable = False
    if not usable:
        shown = "(not shown)" if name == "SECRET_KEY" else repr(env.str(name))
        raise EnvironmentProblem(f"{name}={shown} cannot be used. Allowed: {variable.allowed}.")
    return value


def load_environment(*, find_running: bool = True) -> Environment:
    """Read every variable. Raises EnvironmentProblem naming each that cannot be used.

    With `find_running`, addresses that are not set are those of the embedded servers a launcher runs on the
    same VAR_DIR, if one does, and the secret key is the one it made: commands in a second terminal then work
    without any variable set.
    """
    values: dict[str, Any] = {}
    problems: list[str] = []
    for name, variable in VARIABLES.items():
        try:
            values[name] = _read(name, variable)
        except EnvironmentProblem as problem:
            problems.append(str(problem))
    if problems:
        raise EnvironmentProblem("\n".join(problems))
    var_dir = Path(values["VAR_DIR"]).expanduser().resolve()
    running = _running_servers(var_dir) if find_running else {}
    return Environment(
        port=values["PORT"],
        mqtt_port=values["MQTT_PORT"],
        bind_address=values["BIND_ADDRESS"],
        var_dir=var_dir,
        mongodb_uri=values["MONGODB_URI"] or running.get("MONGODB_URI"),
        redis_url=values["REDIS_URL"] or running.get("REDIS_URL"),
        mqtt_url=values["MQTT_URL"] or running.get("MQTT_URL"),
        demo=values["DEMO"],
        secret_key=values["SECRET_KEY"] or running.get("SECRET_KEY"),
        debug=values["DEBUG"],
        allowed_hosts=values["ALLOWED_HOSTS"],
        public_url=(values["PUBLIC_URL"] or f"http://localhost:{values['PORT']}").rstrip("/"),
    )


def _running_servers(var_dir: Path) -> dict[str, str]:
    """What the launcher running on this VAR_DIR gave its children; empty when none runs."""
    try:
        found = json.loads((var_dir / RUNNING_FILE).read_text())
        os.kill(int(found["pid"]), 0)
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return dict(found["environment"])
