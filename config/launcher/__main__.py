"""`python -m config.launcher`: everything `make run` does once the virtual environment is there."""

import dataclasses
import hashlib
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from config.environment import Environment, EnvironmentProblem, load_environment
from config.launcher import leftovers, lock, output, preflight, processes, tied
from config.launcher.disk import DiskWatch
from config.launcher.errors import LaunchError
from config.launcher.ports import free_port
from config.launcher.readiness import Readiness
from config.launcher.servers import Broker, Mongod, Server, Valkey
from config.launcher.supervisor import StopRequested, Supervisor

SERVER_SECONDS = 60.0
READY_SECONDS = 90.0
LONGEST_SOCKET_PATH = 100  # the kernel takes 107 bytes


def main() -> int:
    """Run the product until asked to stop. 0 after a stop that was asked for, 1 after a failure."""
    began = time.monotonic()
    if "--tied" in sys.argv[1:]:
        # Started by make, which may be ended in a way it cannot pass on.
        tied.tie_to_parent(signal.SIGTERM)
    try:
        environment = load_environment(find_running=False)
        preflight.check_platform(environment)
        preflight.check_var_dir(environment.var_dir)
        with lock.only_launcher(environment.var_dir):
            run(environment, began)
    except (LaunchError, EnvironmentProblem) as problem:
        sys.stderr.write(f"\nCannot start: {problem}\n")
        return 1
    except OSError as problem:
        # VAR_DIR became full or unreachable at a moment when the launcher itself needed it.
        sys.stderr.write(f"\nCannot go on: {problem}. Mend that and start again.\n")
        return 1
    except StopRequested:
        output.say("stopped")
    return 0


def run(environment: Environment, began: float) -> None:
    """Start everything on a VAR_DIR that is ours, and look after it. Leaves by an exception alone."""
    var_dir = environment.var_dir
    supervisor = Supervisor(log_dir=var_dir / "log", pid_dir=var_dir / "run" / "pids")
    supervisor.listen_to_signals()
    (var_dir / "static").mkdir(exist_ok=True)  # WhiteNoise warns of a folder that is not there
    if ended := leftovers.end_all(supervisor.pid_dir):
        output.say(f"the last start did not stop properly; ended what it left behind: {', '.join(ended)}")
    preflight.check_ports(environment)
    preflight.check_reachable(environment)
    servers = embedded_servers(environment, log_dir=supervisor.log_dir)
    address = {server.name: server.product_url for server in servers}
    environment = dataclasses.replace(
        environment,
        mongodb_uri=environment.mongodb_uri or address["mongod"],
        redis_url=environment.redis_url or address["valkey"],
        mqtt_url=environment.mqtt_url or address["broker"],
        secret_key=environment.secret_key or lock.secret_key(var_dir),
    )
    env = processes.environment_of_children(environment, live_socket=live_socket(var_dir))
    try:
        with lock.announced(var_dir, env):
            start(environment, env, servers, supervisor)
            output.say(welcome(environment, devices_url(environment, servers), time.monotonic() - began))
            disk = DiskWatch(var_dir)
            while True:
                supervisor.pause(0.2)
                disk.look()
    finally:
        output.say("stopping")
        lock.say_stopping(var_dir)
        supervisor.tell("broker", Broker.let_go)
        supervisor.stop(processes.STOP_STAGES)


def start(
    environment: Environment, env: Mapping[str, str], servers: Sequence[Server], supervisor: Supervisor
) -> None:
    """Start servers and preparation side by side, then the product, and wait until it is ready."""
    if servers:
        output.say(f"starting {', '.join(server.name for server in servers)}")
    for server in servers:
        supervisor.add(server.prepare())
    supervisor.add_step(processes.preparation(environment, env))
    for server in servers:
        supervisor.wait_until(server.healthy, seconds=SERVER_SECONDS, what=server.name)
    supervisor.finish_step("prepare")
    for command in processes.processes(environment, env, devices_url=devices_url(environment, servers)):
        supervisor.add(command)
    supervisor.wait_until(Readiness(environment, env).complete, seconds=READY_SECONDS, what="The product")


def embedded_servers(environment: Environment, *, log_dir: Path) -> list[Server]:
    """The embedded servers that no variable replaces, not yet started."""
    folder = environment.var_dir
    ports = remembered_ports(folder, taken=(environment.port, environment.mqtt_port))
    servers: list[Server] = []
    if not environment.mongodb_uri:
        preflight.check_mongod()
        servers.append(
            Mongod(port=ports["mongod"], data_dir=folder / "mongod", log_path=log_dir / "mongod.log")
        )
    if not environment.redis_url:
        preflight.check_valkey()
        servers.append(
            Valkey(port=ports["valkey"], data_dir=folder / "valkey", log_path=log_dir / "valkey.log")
        )
    if not environment.mqtt_url:
        servers.append(
            Broker(
                port=environment.mqtt_port,
                host=environment.bind_address,
                data_dir=folder / "broker",
                log_path=log_dir / "broker.log",
                inner=(ports["mqtt-v4"], ports["mqtt-v5"]),
            )
        )
    return servers


def devices_url(environment: Environment, servers: Sequence[Server]) -> str:
    """Where devices connect, which is not where the product does when the broker is an embedded one."""
    return next((server.url for server in servers if server.name == "broker"), str(environment.mqtt_url))


def remembered_ports(var_dir: Path, *, taken: Sequence[int]) -> dict[str, int]:
    """Ports of the servers nobody outside connects to: the last start's if they are still free."""
    path = var_dir / "run" / "ports.json"
    try:
        last = {name: int(port) for name, port in json.loads(path.read_text()).items()}
    except (OSError, ValueError, AttributeError, TypeError):
        last = {}
    chosen: dict[str, int] = {}
    for name in ("mongod", "valkey", "mqtt-v4", "mqtt-v5"):
        chosen[name] = free_port(preferred=last.get(name, 0), avoid=[*taken, *chosen.values()])
    path.write_text(json.dumps(chosen))
    return chosen


def live_socket(var_dir: Path) -> Path:
    """Where the web processes hand sockets to the live process: under VAR_DIR unless that path is too long."""
    path = var_dir / "run" / "live.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    name = hashlib.sha256(os.fsencode(var_dir)).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"water-tanks-{os.getuid()}-{name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise LaunchError(f"{folder} belongs to another user. Choose a shorter path for VAR_DIR.")
    return folder / "live.sock"


def welcome(environment: Environment, broker: str, seconds: float) -> str:
    """What to open, and with which logins."""
    lines = [
        "",
        f"Supplier portal  {environment.public_url}/portal/",
        f"Administration   {environment.public_url}/admin/",
        f"API and its docs {environment.public_url}/api/docs",
        f"MQTT broker      {broker}",
    ]
    if environment.demo:
        lines += [
            "",
            "Demo logins, password water-demo-2026:",
            "  admin@example.com  supplier@example.com  customer@example.com",
        ]
    return "\n".join([*lines, "", f"ready in {seconds:.1f} s. Ctrl-C stops everything."])


if __name__ == "__main__":
    sys.exit(main())
