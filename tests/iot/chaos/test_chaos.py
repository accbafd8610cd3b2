"""Whatever dies in mid-stream: every reading once, the newest level, the alerts and orders of the clean stream."""

import random
import subprocess
import sys
import time

import pytest

from config.launcher.children import PROJECT_DIR
from tests.iot.chaos.conftest import DEVICES, FULL, Outcome, Trial

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
TIMES = 10 if FULL else 3


def test_the_clean_stream_leaves_an_alert_and_an_order_for_each_low_tank(clean: Outcome) -> None:
    low = range(0, DEVICES, 2)
    assert clean.alerts == [(device, "low", "warning", True) for device in low]
    assert clean.orders == [(device, "placed", True) for device in low]


def test_a_listener_killed_again_and_again(trial: Trial, clean: Outcome) -> None:
    trial.prepare()
    chance, messages = random.Random(1), trial.plan.in_order()
    each = len(messages) // TIMES
    for number in range(TIMES):
        last = None if number == TIMES - 1 else (number + 1) * each
        sending = trial.publish(messages[number * each : last])
        trial.wait_for_share(chance.uniform(0.1, 0.9), of=sending)
        trial.processes.kill("listener-0")
        trial.wait_for_listeners(number + 2)
    assert trial.finish() == clean


def test_a_broker_that_restarts(trial: Trial, clean: Outcome) -> None:
    trial.prepare()
    trial.publish()
    trial.wait_for_share(0.4)
    trial.world.broker.stop()
    time.sleep(0.5)
    trial.world.broker.start()
    assert trial.finish() == clean


def test_a_mongod_that_is_killed(trial: Trial, clean: Outcome) -> None:
    trial.prepare()
    trial.publish()
    for number in range(2 if FULL else 1):
        trial.wait_for_share(0.3 + number * 0.3)
        trial.world.mongod.kill()
        time.sleep(1.0)
        trial.world.mongod.start()
    assert trial.finish() == clean


def test_a_primary_that_is_killed_and_another_elected(trial_on_three: Trial, clean: Outcome) -> None:
    trial_on_three.prepare()
    trial_on_three.publish()
    trial_on_three.wait_for_share(0.4)
    trial_on_three.world.mongod.kill()
    assert trial_on_three.finish() == clean


def test_a_redis_that_stops_for_a_while(trial: Trial, clean: Outcome) -> None:
    trial.prepare()
    trial.publish()
    trial.wait_for_share(0.3)
    trial.world.valkey.stop()
    time.sleep(10 if FULL else 3)
    trial.world.valkey.start()
    assert trial.finish() == clean


def test_two_listeners_share_the_work_and_one_dies(trial: Trial, clean: Outcome) -> None:
    trial.prepare(listeners=2)
    trial.publish()
    trial.wait_for_share(0.3)
    trial.processes.kill("listener-1")
    assert trial.finish() == clean


def test_a_listener_that_is_not_to_come_back_leaves_nothing_behind(trial: Trial, clean: Outcome) -> None:
    trial.prepare(listeners=2)
    trial.publish()
    trial.wait_for_share(0.3)
    trial.processes.remove("listener-1")
    trial.wait_for_share(1.0)
    leave = ("manage.py", "mqtt_listener", "--name", "listener-1", "--group", "fleet", "--leave")
    subprocess.run([sys.executable, *leave], cwd=PROJECT_DIR, env=trial.world.environment(), check=True)
    assert trial.finish() == clean


def test_a_stream_shuffled_within_an_hour_and_sent_many_times(trial: Trial, clean: Outcome) -> None:
    trial.prepare()
    trial.publish(trial.plan.shuffled(random.Random(2), copies=10 if FULL else 4))
    assert trial.finish() == clean
