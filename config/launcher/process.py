"""One process of the product by its name, for containers: `python -m config.launcher.process <name> [more…]`.

`prepare`, `web`, `live`, `worker`, `beat`, `listener` are started exactly as `make run` starts them; what follows
the name goes to that process. Servers and everything else come from the environment, and whoever started this
process restarts it.
"""

import os
import sys
from pathlib import Path

from config.environment import EnvironmentProblem, load_environment
from config.launcher import processes

LIVE_SOCKET = "live.sock"


def main() -> None:
    """Become the process. Exits with a message when it is unknown or a variable cannot be used."""
    try:
        environment = load_environment(find_running=False)
    except EnvironmentProblem as problem:
        sys.exit(f"Cannot start: {problem}")
    live_socket = Path(os.environ.get("LIVE_SOCKET") or environment.var_dir / LIVE_SOCKET)
    env = processes.environment_of_children(environment, live_socket=live_socket)
    running = processes.processes(environment, env, devices_url=env["MQTT_URL"])
    commands = {command.name: command for command in [processes.preparation(environment, env), *running]}
    name, more = (sys.argv[1] if len(sys.argv) > 1 else ""), sys.argv[2:]
    if name not in commands:
        sys.exit(f"Name one of: {', '.join(commands)}.")
    command = commands[name]
    (environment.var_dir / "static").mkdir(
        parents=True, exist_ok=True
    )  # WhiteNoise warns when it is not there
    os.execvpe(command.argv[0], [*command.argv, *more], {**os.environ, **command.env})  # noqa: S606


if __name__ == "__main__":
    main()
