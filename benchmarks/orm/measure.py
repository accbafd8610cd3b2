"""Djongo against django-mongodb-backend, each in a virtual environment of its own, on a real mongod.

`python -m benchmarks.orm.measure` prints one line of JSON a combination. The environments go when it ends.
"""

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from config.launcher.ports import free_port
from config.launcher.servers import Mongod

COMBINATIONS = {
    "djongo, its own pins": ("djongo", ["djongo==1.3.7", "pymongo==3.11.4", "setuptools<81"]),
    "djongo, Django 4.2": (
        "djongo",
        ["djongo==1.3.7", "Django==4.2.*", "sqlparse==0.2.4", "pymongo==3.13.0", "setuptools<81"],
    ),
    "djongo, Django 5.2": (
        "djongo",
        ["djongo==1.3.7", "Django==5.2.*", "sqlparse==0.2.4", "pymongo==3.13.0", "setuptools<81"],
    ),
    "django-mongodb-backend 5.2, Django 5.2": (
        "mongodb",
        ["django-mongodb-backend==5.2.4", "Django==5.2.19"],
    ),
}
CHECKS = Path(__file__).with_name("checks.py")
SECONDS = 300


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False)


def measure(folder: Path, place: int, kind: str, packages: list[str], uri: str) -> dict[str, object]:
    home = folder / f"venv{place}"
    venv.create(home, with_pip=True)
    python = str(home / "bin" / "python")
    # One by one: Djongo's sqlparse is older than newer Djangos allow, so no resolver takes them together.
    for package in packages:
        installed = run(folder, python, "-m", "pip", "install", "-q", package)
        if installed.returncode:
            return {"error": installed.stderr.strip().splitlines()[-1]}
    checked = run(folder, python, str(CHECKS), kind, uri, f"checks{place}")
    if checked.returncode:
        return {"error": checked.stderr.strip().splitlines()[-1]}
    return json.loads(checked.stdout.splitlines()[-1])


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        mongod = Mongod(port=free_port(), data_dir=folder / "mongod")
        mongod.launch()
        try:
            mongod.wait_healthy()
            for place, (label, (kind, packages)) in enumerate(COMBINATIONS.items()):
                result = measure(folder, place, kind, packages, mongod.url)
                sys.stdout.write(json.dumps({"combination": label, **result}) + "\n")
                sys.stdout.flush()
        finally:
            mongod.stop()


if __name__ == "__main__":
    main()
