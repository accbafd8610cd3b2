"""Which processes run, with what."""

from dataclasses import replace

import pytest

from config.environment import Environment, load_environment
from config.launcher import processes
from config.launcher.processes import STOP_STAGES

OWN = "mqtt://127.0.0.1:40001"


@pytest.fixture
def environment() -> Environment:
    return replace(load_environment(find_running=False), mqtt_url=OWN, demo=True)


def started(environment: Environment, devices_url: str) -> dict[str, processes.Command]:
    found = processes.processes(environment, {"MQTT_URL": OWN}, devices_url=devices_url)
    return {command.name: command for command in found}


def test_the_listener_empties_a_broker_that_stops_with_the_product(environment: Environment) -> None:
    assert "--drain" in started(environment, "mqtt://127.0.0.1:1883")["listener"].argv
    assert "--drain" not in started(environment, OWN)["listener"].argv


def test_simulated_devices_connect_where_devices_do(environment: Environment) -> None:
    commands = started(environment, "mqtt://127.0.0.1:1883")
    assert commands["fleet"].env["MQTT_URL"] == "mqtt://127.0.0.1:1883"
    assert commands["listener"].env["MQTT_URL"] == OWN


def test_every_process_has_its_place_in_a_stop_that_keeps_within_ten_seconds(
    environment: Environment,
) -> None:
    named = {name for names, _ in STOP_STAGES for name in names}
    assert named == set(started(environment, OWN)) | {"broker", "valkey", "mongod"}
    assert sum(seconds for _, seconds in STOP_STAGES) <= 9
