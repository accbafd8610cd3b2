"""What stops a start, and what it says to do."""

import os
import socket
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from config.environment import Environment, load_environment
from config.launcher import lock, preflight
from config.launcher.disk import DiskWatch
from config.launcher.errors import LaunchError
from config.launcher.ports import free_port, port_is_free


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return replace(
        load_environment(find_running=False),
        port=free_port(),
        mqtt_port=free_port(),
        var_dir=tmp_path / "var",
        mongodb_uri=None,
        redis_url=None,
        mqtt_url=None,
    )


def program(folder: Path, text: str) -> Path:
    path = folder / "mongod"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_a_taken_port_is_named_with_its_owner_and_its_variable(environment: Environment) -> None:
    with socket.create_server(("127.0.0.1", environment.mqtt_port)), pytest.raises(LaunchError) as problem:
        preflight.check_ports(environment)
    said = str(problem.value)
    assert f"Port {environment.mqtt_port} is already taken" in said
    assert f"(pid {os.getpid()})" in said
    offered = int(said.partition("MQTT_PORT=")[2].split()[0])
    assert port_is_free("127.0.0.1", offered)
    assert offered != environment.port


def test_one_port_for_two_servers_is_refused(environment: Environment) -> None:
    with pytest.raises(LaunchError, match="PORT and MQTT_PORT are both"):
        preflight.check_ports(replace(environment, mqtt_port=environment.port))


def test_an_address_of_another_machine_is_named(environment: Environment) -> None:
    with pytest.raises(LaunchError, match=r"BIND_ADDRESS=192\.0\.2\.1 is not an address of this machine"):
        preflight.check_ports(replace(environment, bind_address="192.0.2.1"))


def test_a_full_disk_is_told_in_megabytes(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match=r"Too little disk space .* VAR_DIR"):
        preflight.check_var_dir(tmp_path / "var", free_bytes=1 << 60)


def test_a_disk_that_fills_while_running_is_told_of_once_a_minute(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    DiskWatch(tmp_path, little=0).look()
    assert capsys.readouterr().out == ""
    watch = DiskWatch(tmp_path, little=1 << 60)
    watch.look()
    watch.look()
    assert capsys.readouterr().out.count(f"MB are free on the disk of {tmp_path}: make room") == 1


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LaunchError, match="cannot be written to"):
        preflight.check_var_dir(tmp_path / "file" / "var")


def test_a_missing_library_of_mongod_is_named_with_its_package(tmp_path: Path) -> None:
    said = "mongod: error while loading shared libraries: libcurl.so.4: cannot open shared object file"
    with pytest.raises(LaunchError, match=r"libcurl\.so\.4.*sudo apt-get install libcurl4"):
        preflight.check_mongod(program(tmp_path, f"echo '{said}' >&2; exit 127"))


def test_an_old_c_library_is_told(tmp_path: Path) -> None:
    said = "mongod: /lib/libc.so.6: version `GLIBC_2.34'\\'' not found (required by mongod)"
    with pytest.raises(LaunchError, match=r"GLIBC_2\.34.*Debian 12"):
        preflight.check_mongod(program(tmp_path, f"echo '{said}' >&2; exit 1"))


def test_a_processor_that_is_too_old_is_told(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match="AVX"):
        preflight.check_mongod(program(tmp_path, "kill -ILL $$"))


def test_the_mongod_of_the_wheel_runs_here() -> None:
    preflight.check_mongod()


@pytest.mark.parametrize(
    ("variable", "address"),
    [
        ("mongodb_uri", "mongodb://user:hidden@127.0.0.1:{port}/water"),
        ("redis_url", "redis://:hidden@127.0.0.1:{port}/0"),
        ("mqtt_url", "mqtt://user:hidden@127.0.0.1:{port}"),
    ],
)
def test_a_server_of_ones_own_that_is_away_is_named_without_its_password(
    environment: Environment, monkeypatch: pytest.MonkeyPatch, variable: str, address: str
) -> None:
    monkeypatch.setattr(preflight, "CONNECT_SECONDS", 0.3)
    port = free_port()
    with pytest.raises(LaunchError) as problem:
        preflight.check_reachable(replace(environment, **{variable: address.format(port=port)}))
    said = str(problem.value)
    assert said.startswith(f"{variable.upper()} is set")
    assert str(port) in said
    assert "hidden" not in said


def test_servers_of_ones_own_that_answer_are_taken(environment: Environment, servers) -> None:
    preflight.check_reachable(
        replace(
            environment,
            mongodb_uri=servers.mongodb_uri,
            redis_url=servers.redis_url,
            mqtt_url=servers.mqtt_url,
        )
    )


def test_the_secret_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    key = lock.secret_key(tmp_path)
    assert len(key) >= 50
    assert lock.secret_key(tmp_path) == key
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_other_terminals_find_the_running_servers_and_none_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MONGODB_URI", "SECRET_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    given = {"MONGODB_URI": "mongodb://127.0.0.1:1/x", "SECRET_KEY": "k" * 50}
    with lock.announced(tmp_path, given):
        environment = load_environment()
        assert environment.mongodb_uri == given["MONGODB_URI"]
        assert environment.secret_key == given["SECRET_KEY"]
    assert load_environment().mongodb_uri is None
