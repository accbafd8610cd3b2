"""What must be true before anything is started; each failure says what to do about it."""

import os
import platform
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Collection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from config.environment import Environment
from config.launcher.errors import LaunchError
from config.launcher.ports import port_answers, port_is_free, port_owner
from config.launcher.servers import mongod_path, valkey_path

# A fresh mongod writes 300 MB of journal, and its operations log grows to 512 MB.
FREE_BYTES = 1024**3
MQTT_PORTS = {"mqtt": 1883, "mqtts": 8883}
CONNECT_SECONDS = 3.0

# Debian and Ubuntu packages of the shared libraries mongod needs.
PACKAGES = {
    "libcurl.so.4": "libcurl4",
    "liblzma.so.5": "liblzma5",
    "libssl.so.3": "libssl3",
    "libcrypto.so.3": "libssl3",
    "libgcc_s.so.1": "libgcc-s1",
    "libresolv.so.2": "libc6",
    "libm.so.6": "libc6",
}


def check_platform(environment: Environment) -> None:
    """The embedded servers are built for Linux on x86-64."""
    embedded = not (environment.mongodb_uri and environment.redis_url and environment.mqtt_url)
    machine = (platform.system(), platform.machine())
    if embedded and machine not in {("Linux", "x86_64"), ("Linux", "amd64")}:
        raise LaunchError(
            f"The embedded servers run on Linux x86-64 alone, and this is {' '.join(machine)}. Set MONGODB_URI, "
            "REDIS_URL and MQTT_URL to servers of your own, or use docker compose."
        )


def check_var_dir(var_dir: Path, *, free_bytes: int = FREE_BYTES) -> None:
    """VAR_DIR can be made, written to, and has room."""
    probe = var_dir / "run" / f"probe.{os.getpid()}"
    try:
        probe.parent.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(var_dir).free
        if free < free_bytes:
            raise LaunchError(
                f"Too little disk space for {var_dir}: {free // 1024**2} MB are free and {free_bytes // 1024**2} "
                "MB are needed. Make room, or set VAR_DIR to a folder on another disk. Nothing was changed."
            )
        probe.write_bytes(b"x" * 4096)
    except OSError as error:
        raise LaunchError(
            f"The folder {var_dir} cannot be written to: {error.strerror or error}. Make it yours "
            f"(sudo chown -R $USER {var_dir}), or set VAR_DIR to a folder of your own."
        ) from error
    finally:
        # When the folder itself cannot be reached there is nothing to remove.
        if probe.parent.is_dir() and os.access(probe.parent, os.W_OK):
            probe.unlink(missing_ok=True)


def check_ports(environment: Environment) -> None:
    """The ports people and devices connect to are free."""
    wanted = {"PORT": environment.port}
    if not environment.mqtt_url:
        wanted["MQTT_PORT"] = environment.mqtt_port
    if len(set(wanted.values())) < len(wanted):
        raise LaunchError(f"PORT and MQTT_PORT are both {environment.port}: give each its own.")
    for variable, port in wanted.items():
        if not port_is_free(environment.bind_address, port):
            raise LaunchError(_port_problem(environment.bind_address, variable, port, wanted.values()))


def _port_problem(address: str, variable: str, port: int, wanted: Collection[int]) -> str:
    if port < 1024 and os.geteuid() != 0:
        return f"Port {port} needs root. Choose one from 1024 up, for example: {variable}={port + 8000} make run."
    if not _address_is_ours(address):
        return f"BIND_ADDRESS={address} is not an address of this machine. Use 127.0.0.1 or 0.0.0.0."
    owner = port_owner(port)
    later = range(port + 1, min(port + 1_000, 65_536))
    free = next((other for other in later if other not in wanted and port_is_free(address, other)), port + 1)
    return (
        f"Port {port} is already taken{f' by {owner}' if owner else ''}. Stop that program, or choose another "
        f"port, for example: {variable}={free} make run."
    )


def _address_is_ours(address: str) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


def check_mongod(program: Path | None = None) -> None:
    """mongod can run on this machine: its shared libraries, C library and processor fit."""
    program = program or mongod_path()
    try:
        result = subprocess.run([str(program), "--version"], capture_output=True, text=True, timeout=30)
    except OSError as error:
        raise LaunchError(f"mongod cannot be run: {error}. Remove .venv and run make again.") from error
    if result.returncode:
        raise LaunchError(_mongod_problem(result.returncode, result.stderr))


def _mongod_problem(code: int, said: str) -> str:
    if missing := re.search(r"error while loading shared libraries: (\S+):", said):
        library = Path(missing[1]).name
        package = PACKAGES.get(library)
        install = f"sudo apt-get install {package}" if package else f"install the package that has {library}"
        return f"mongod needs the shared library {library}, which is missing here. Do this: {install}"
    if needed := re.search(r"version `(GLIBC\S+)' not found", said):
        return (
            f"mongod needs {needed[1]}, newer than this system's C library. Use Debian 12 or Ubuntu 22.04 or "
            "newer, or set MONGODB_URI to a MongoDB server of your own."
        )
    if code == -signal.SIGILL:
        return (
            "mongod needs a processor with AVX, which this machine lacks. Set MONGODB_URI to a MongoDB server "
            "elsewhere."
        )
    return f"mongod does not run here (exit code {code}): {said.strip()[:500]}"


def check_valkey() -> None:
    """Valkey's program is there."""
    valkey_path()


def check_reachable(environment: Environment) -> None:
    """Servers named by a variable answer."""
    if environment.mongodb_uri:
        _check_mongodb(environment.mongodb_uri)
    if environment.redis_url:
        _check_redis(environment.redis_url)
    if environment.mqtt_url:
        address = urlsplit(environment.mqtt_url)
        port = address.port or MQTT_PORTS[address.scheme]
        if not port_answers(str(address.hostname), port, seconds=CONNECT_SECONDS):
            raise LaunchError(_unreachable("MQTT_URL", f"{address.hostname}:{port}", "no connection"))


def _check_mongodb(uri: str) -> None:
    from pymongo import MongoClient
    from pymongo.errors import PyMongoError

    try:
        client: MongoClient[dict[str, Any]] = MongoClient(
            uri, serverSelectionTimeoutMS=int(CONNECT_SECONDS * 1000)
        )
        with client:
            state = client.admin.command("hello")
    except PyMongoError as error:
        raise LaunchError(_unreachable("MONGODB_URI", _hosts(uri), str(error).split(",")[0])) from error
    if not state.get("setName") and state.get("msg") != "isdbgrid":
        raise LaunchError(
            f"The MongoDB server of MONGODB_URI ({_hosts(uri)}) is not a replica set, which transactions need. "
            "Start it with --replSet and run rs.initiate() once."
        )


def _check_redis(url: str) -> None:
    import redis

    try:
        with redis.Redis.from_url(url, socket_connect_timeout=CONNECT_SECONDS) as client:
            client.ping()
    except (redis.RedisError, OSError) as error:
        raise LaunchError(_unreachable("REDIS_URL", _hosts(url), str(error))) from error


def _hosts(url: str) -> str:
    """The hosts of an address, without its user and password."""
    return url.partition("://")[2].split("/")[0].rpartition("@")[2]


def _unreachable(variable: str, where: str, why: str) -> str:
    return (
        f"{variable} is set, and the server at {where} does not answer: {why}. Start it, correct the variable, or "
        "unset it to use the embedded server."
    )
