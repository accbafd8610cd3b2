"""Environment variables: defaults, and errors that say what to change."""

from pathlib import Path

import pytest

from config.environment import VARIABLES, EnvironmentProblem, load_environment

NAMES = tuple(VARIABLES)


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def test_everything_has_a_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    environment = load_environment()
    assert (environment.port, environment.mqtt_port) == (8000, 1883)
    assert environment.var_dir == tmp_path / "var"
    assert environment.bind_address == "127.0.0.1"
    assert environment.demo is True
    assert environment.debug is False
    assert environment.mongodb_uri is None
    assert environment.secret_key is None
    assert environment.allowed_hosts == ("localhost", "127.0.0.1", "[::1]")
    assert environment.public_url == "http://localhost:8000"


def test_values_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {
        "PORT": "9000",
        "DEMO": "0",
        "DEBUG": "1",
        "MONGODB_URI": "mongodb://a:1,b:2/water?replicaSet=rs0",
        "REDIS_URL": "rediss://cache.example.com/1",
        "MQTT_URL": "mqtts://broker.example.com:8883",
        "ALLOWED_HOSTS": "a.example.com, b.example.com",
        "PUBLIC_URL": "https://water.example.com/",
        "SECRET_KEY": "k" * 50,
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    environment = load_environment()
    assert environment.port == 9000
    assert environment.demo is False
    assert environment.debug is True
    assert environment.mongodb_uri == values["MONGODB_URI"]
    assert environment.redis_url == values["REDIS_URL"]
    assert environment.mqtt_url == values["MQTT_URL"]
    assert environment.allowed_hosts == ("a.example.com", "b.example.com")
    assert environment.public_url == "https://water.example.com"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("MQTT_PORT", "-1"),
        ("BIND_ADDRESS", "localhost:80"),
        ("VAR_DIR", "  "),
        ("MONGODB_URI", "http://localhost"),
        ("MONGODB_URI", "mongodb://"),
        ("REDIS_URL", "localhost:6379"),
        ("REDIS_URL", "redis://localhost:port"),
        ("MQTT_URL", "tcp://localhost"),
        ("DEMO", "maybe"),
        ("DEMO", "true"),
        ("DEBUG", "2"),
        ("ALLOWED_HOSTS", "https://a.example.com"),
        ("ALLOWED_HOSTS", "a.example.com,,"),
        ("PUBLIC_URL", "water.example.com"),
    ],
)
def test_a_bad_value_is_named_with_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(EnvironmentProblem) as problem:
        load_environment()
    assert str(problem.value).startswith(f"{name}={value!r} ")
    assert "Allowed: " in str(problem.value)


def test_a_short_secret_key_is_refused_without_showing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "hunter2")
    with pytest.raises(EnvironmentProblem) as problem:
        load_environment()
    assert "SECRET_KEY" in str(problem.value)
    assert "hunter2" not in str(problem.value)


def test_all_bad_values_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "x")
    monkeypatch.setenv("DEMO", "y")
    with pytest.raises(EnvironmentProblem) as problem:
        load_environment()
    assert [line.split("=")[0] for line in str(problem.value).splitlines()] == ["PORT", "DEMO"]
