"""Whatever dies in mid-stream: every reading once, the newest level, one alert and one order a low tank."""

import random
import time

import pytest

from tests.iot.chaos.conftest import FULL, TIMES, Trial

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_a_listener_killed_again_and_again(trial: Trial) -> None:
    trial.prepare()
    trial.publish(rate=300)
    chance = random.Random(1)
    for number in range(TIMES):
        time.sleep(chance.random())
        trial.processes.kill("listener-0")
        trial.wait_for_listeners(number + 2)
    trial.finish()


def test_a_broker_that_restarts(trial: Trial) -> None:
    trial.prepare()
    trial.publish()
    trial.wait_for_share(0.4)
    trial.world.broker.stop()
    time.sleep(0.5)
    trial.world.broker.start()
    trial.finish()


def test_a_mongod_that_is_killed(trial: Trial) -> None:
    trial.prepare()
    trial.publish()
    for number in range(2 if FULL else 1):
        trial.wait_for_share(0.3 + number * 0.3)
        trial.world.mongod.kill()
        time.sleep(1.0)
        trial.world.mongod.start()
    trial.finish()


def test_a_primary_that_is_killed_and_another_elected(trial_on_three: Trial) -> None:
    trial_on_three.prepare()
    trial_on_three.publish()
    trial_on_three.wait_for_share(0.4)
    trial_on_three.world.mongod.kill()
    trial_on_three.finish()


def test_a_redis_that_stops_for_a_while(trial: Trial) -> None:
    trial.prepare()
    trial.publish()
    trial.wait_for_share(0.3)
    trial.world.valkey.stop()
    time.sleep(10 if FULL else 3)
    trial.world.valkey.start()
    trial.finish()


def test_two_listeners_share_the_work_and_one_dies(trial: Trial) -> None:
    trial.prepare(listeners=2)
    trial.publish()
    trial.wait_for_share(0.3)
    trial.processes.kill("listener-1")
    trial.finish()


def test_a_stream_shuffled_within_an_hour_and_sent_many_times(trial: Trial) -> None:
    trial.prepare()
    trial.publish(trial.plan.shuffled(random.Random(2), copies=10 if FULL else 4))
    trial.finish()
