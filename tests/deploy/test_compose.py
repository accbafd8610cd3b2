"""docker-compose.yml, the Dockerfile and what they lean on say the same as the product."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.environment import load_environment
from config.launcher import processes

ROOT = Path(__file__).parents[2]
PRODUCT_IMAGE = "water-tanks"
RUN = ["python", "-m", "config.launcher.process"]
USED = re.compile(r"\$\{([A-Z_]+)")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "docker-compose.yml").read_text()))


@pytest.fixture(scope="module")
def ours(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    services = compose["services"]
    return {name: service for name, service in services.items() if service["image"] == PRODUCT_IMAGE}


def started_by_make_run() -> set[str]:
    environment = load_environment(find_running=False)
    return {command.name for command in processes.processes(environment, {}, devices_url="")}


def test_compose_runs_every_process_that_make_run_does(ours: dict[str, dict[str, Any]]) -> None:
    commands = [service["command"] for service in ours.values()]
    assert {command[3] for command in commands if command[:3] == RUN} == started_by_make_run()
    assert ours["sockets"]["command"] == [*RUN, "live"]
    assert ours["prepare"]["command"][:2] == ["sh", "-c"]


def test_what_runs_before_is_there(ours: dict[str, dict[str, Any]]) -> None:
    prepare, sync = ours["prepare"]["command"][2].split(" && ")
    assert prepare.split() == [*RUN, "prepare"]
    command = sync.removeprefix("python manage.py ")
    assert (ROOT / "iot" / "management" / "commands" / f"{command}.py").exists()


def test_every_setting_that_compose_gives_is_documented(ours: dict[str, dict[str, Any]]) -> None:
    documented = (ROOT / "docs" / "settings.md").read_text()
    given = {name for service in ours.values() for name in service["environment"]}
    given |= set(re.findall(r"^(?:ENV|   ) *([A-Z_]+)=", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
    for name in given - {"PATH", "PYTHONUNBUFFERED"}:
        assert f"`{name}`" in documented, name


def test_every_variable_that_compose_asks_for_is_in_the_example_and_none_is_left_over() -> None:
    asked = set(USED.findall((ROOT / "docker-compose.yml").read_text()))
    offered = re.findall(r"^([A-Z_]+)=", (ROOT / "deploy" / "env.example").read_text(), re.MULTILINE)
    assert sorted(offered) == sorted(asked)


def test_every_volume_mounts_what_exists(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (ROOT / source).exists(), source
            elif not source.startswith("$"):
                assert source in compose["volumes"], source


def test_stores_are_reached_from_inside_alone(compose: dict[str, Any]) -> None:
    assert compose["networks"]["inside"]["internal"] is True
    for name in ("mongodb", "valkey"):
        assert compose["services"][name]["networks"] == ["inside"]
        assert "ports" not in compose["services"][name]


def test_the_image_has_every_app_and_nothing_else() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    kept = {line[1:] for line in lines if line.startswith("!")}
    apps = {path.parent.name for path in ROOT.glob("*/apps.py")}
    assert kept == apps | {"static", "templates", "manage.py", "requirements.lock"}
    assert all((ROOT / name).exists() for name in kept)


def test_the_image_runs_as_nobody_special_and_installs_by_hash_alone() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert re.search(r"^USER water$", dockerfile, re.MULTILINE)
    assert "--require-hashes" in dockerfile
    assert "://" not in dockerfile


def test_a_process_that_is_not_known_is_told_which_are() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "config.launcher.process", "fax"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert said.returncode == 1
    assert said.stderr.strip() == "Name one of: prepare, web, live, worker, beat, listener."
