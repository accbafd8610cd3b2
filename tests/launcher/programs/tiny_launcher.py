"""The launcher's parts around tiny children: run by the tests as `python tiny_launcher.py VAR_DIR`.

`plain` has a child of its own, `stubborn` ignores SIGTERM. Each writes its pid under VAR_DIR/pids-seen/.
"""

import sys
from pathlib import Path

from config.launcher import leftovers, lock
from config.launcher.children import Command
from config.launcher.errors import LaunchError
from config.launcher.supervisor import StopRequested, Supervisor

PLAIN = """
import os, pathlib, sys, time
seen = pathlib.Path(sys.argv[1])
if os.fork() == 0:
    (seen / "grandchild").write_text(str(os.getpid()))
    time.sleep(600)
(seen / "plain").write_text(str(os.getpid()))
time.sleep(600)
"""

STUBBORN = """
import os, pathlib, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
(pathlib.Path(sys.argv[1]) / "stubborn").write_text(str(os.getpid()))
while True:
    time.sleep(600)
"""


def main() -> int:
    var_dir = Path(sys.argv[1])
    seen = var_dir / "pids-seen"
    seen.mkdir(parents=True, exist_ok=True)
    supervisor = Supervisor(log_dir=var_dir / "log", pid_dir=var_dir / "run" / "pids")
    supervisor.listen_to_signals()
    try:
        with lock.only_launcher(var_dir):
            print("ended", leftovers.end_all(supervisor.pid_dir), flush=True)
            try:
                for name, program in (("plain", PLAIN), ("stubborn", STUBBORN)):
                    supervisor.add(Command(name, (sys.executable, "-c", program, str(seen))))
                while True:
                    supervisor.pause()
            finally:
                lock.say_stopping(var_dir)
                supervisor.stop([(["plain"], 2.0), (["stubborn"], 1.0)])
    except LaunchError as problem:
        print(problem, file=sys.stderr)
        return 1
    except StopRequested:
        print("stopped", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
