"""The whole product as `make run` starts it, on ports and a folder of its own."""

import http.client
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil

from config.launcher.ports import free_port

ROOT = Path(__file__).parents[1]
READY_SECONDS = 90
STOP_SECONDS = 10
# The launcher's own servers are to be used, not those that the other tests share.
OF_OTHER_TESTS = (
    "MONGODB_URI",
    "REDIS_URL",
    "MQTT_URL",
    "SECRET_KEY",
    "ALLOWED_HOSTS",
    "DJANGO_SETTINGS_MODULE",
)


class Product:
    """`python -m config.launcher`, without demo data unless `DEMO` says so."""

    def __init__(self, var_dir: Path, **variables: str) -> None:
        self.port, self.var_dir = free_port(), var_dir
        self.mqtt_port = free_port(avoid=[self.port])
        inherited = {name: value for name, value in os.environ.items() if name not in OF_OTHER_TESTS}
        self.env = {
            **inherited,
            "PORT": str(self.port),
            "MQTT_PORT": str(self.mqtt_port),
            "VAR_DIR": str(var_dir),
            "DEMO": "0",
            **variables,
        }
        self.output = var_dir.with_suffix(".txt").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "config.launcher"],
            cwd=ROOT,
            env=self.env,
            stdout=self.output,
            stderr=subprocess.STDOUT,
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def said(self) -> str:
        return Path(self.output.name).read_text()

    def wait_said(self, text: str, seconds: float = READY_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while text not in self.said():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.1)

    def get(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def pid(self, name: str) -> int:
        return int((self.var_dir / "run" / "pids" / f"{name}.pid").read_text().split()[0])

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def manage(self, *arguments: str, **variables: str) -> str:
        """`manage.py` as in a second terminal; what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env={**self.env, **variables},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def end(self) -> None:
        """Stops it, if it still runs."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(STOP_SECONDS * 2)
        self.output.close()
