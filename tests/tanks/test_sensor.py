"""Sensors: stuck, noisy and faulty ones, and the many ordinary things that are neither."""

from __future__ import annotations

import numpy as np
import pytest

from tanks.detectors import sensor, stuck

DAY, HOUR, QUARTER = 86400.0, 3600.0, 900.0


def sees(
    levels: list[float] | np.ndarray, *, every: float = QUARTER, use: stuck.Use | None = None
) -> list[bool]:
    """Whether the sensor is called stuck after each reading, days being closed as they end."""
    state, stuck, day = sensor.SensorState(), False, 0
    seen: list[bool] = []
    for index, level in enumerate(levels):
        signal = sensor.received(state, index * every, float(level), use=use)
        stuck = signal.active if signal else stuck
        seen.append(stuck)
        if (index + 1) * every >= (day + 1) * DAY:
            part = slice(round(day * DAY / every), index + 1)
            sensor.day_closed(state, [i * every for i in range(part.start, part.stop)], list(levels[part]))
            day += 1
    return seen


def noisy(days: int, *, sigma: float = 0.08, grain: float = 0.01, level: float = 60.0) -> np.ndarray:
    values = level + np.random.default_rng(1).normal(0, sigma, days * 96)
    return np.asarray(np.round(values / grain) * grain)


def in_use(start: float, end: float) -> stuck.Due:
    """8 % a day, at all hours alike."""
    first_day = min(end, (start // DAY + 1) * DAY) - start
    return stuck.Due((end - start) / DAY, 8.0 * (end - start) / DAY, 8.0 * first_day / DAY)


def falling(days: int, *, grain: float) -> np.ndarray:
    """A month's use of 8 % a day from 95 % on, filled up at 20 %, as a sensor of that grain shows it."""
    true = 95.0 - np.arange(days * 96) / 12 % 75.0
    noise = np.random.default_rng(4).normal(0, 0.03, len(true))
    return np.asarray(np.round((true + noise) / grain) * grain)


def test_a_sensor_that_repeats_itself_is_stuck_within_hours() -> None:
    levels = noisy(12)
    levels[600:800] = levels[600]
    seen = sees(levels)
    assert not any(seen[:612])
    assert all(seen[600 + 32 : 800])
    assert not seen[801]


def test_a_last_digit_that_flickers_does_not_hide_a_stuck_sensor() -> None:
    levels = noisy(12)
    levels[600:800] = levels[600] + np.random.default_rng(2).choice([-0.01, 0.0, 0.01], 200)
    assert any(sees(levels)[600:696])


@pytest.mark.parametrize("first", [-0.01, 0.0, 0.01])
def test_nor_does_it_whichever_digit_it_flickers_to_first(first: float) -> None:
    levels = noisy(12, sigma=0.05)
    levels[600:800] = levels[600] + np.random.default_rng(2).choice([-0.01, 0.0, 0.01], 200)
    levels[600] += first
    assert any(sees(levels)[600:696])


def test_a_holiday_of_a_sensor_that_shows_its_noise_is_not_stuck() -> None:
    assert not any(sees(noisy(30), use=in_use))
    assert not any(sees(noisy(30, grain=0.1), use=in_use))


def test_a_coarse_sensor_at_rest_is_not_stuck() -> None:
    levels = noisy(40, grain=1.0)
    drawn = np.arange(len(levels)) / 24 % 50
    drawn[1000:1130] = drawn[1000]  # a weekend away
    assert not any(sees(np.round(levels - drawn), use=in_use))


def test_a_sensor_of_middling_grain_is_stuck_within_a_day_of_use_but_not_by_a_calm_night() -> None:
    levels = noisy(14, sigma=0.05, grain=0.1)
    levels[960:1060] = levels[960]
    assert any(sees(levels, use=in_use)[960:1056])
    assert not any(sees(levels[:992], use=lambda start, end: stuck.Due(0.0, 0.0, 0.0)))


def test_a_coarse_sensor_that_stops_amid_the_use_of_a_day_is_stuck_sooner_than_a_holiday_could_tell() -> None:
    levels = falling(20, grain=1.0)
    morning, midnight = 96 * 12 + 24, 96 * 12 - 1
    stopped, away = levels.copy(), levels.copy()
    stopped[morning : morning + 400] = levels[morning]
    away[midnight : midnight + 400] = levels[midnight]
    assert any(sees(stopped, use=in_use)[morning : morning + 160])
    assert not any(sees(away, use=in_use)[midnight : midnight + 160])
    assert any(sees(away, use=in_use)[midnight : midnight + 192])


def test_a_coarse_sensor_that_sees_a_wild_echo_is_alive_for_days() -> None:
    levels = falling(20, grain=1.0)
    first = 96 * 12
    levels[first : first + 500] = levels[first]
    levels[first + 100] = 7.0
    seen = sees(levels, use=in_use)
    assert not any(seen[first : first + 300])
    assert any(seen[first + 300 : first + 500])


def test_a_digit_that_flickers_between_two_counts_is_no_sign_of_life_when_days_of_use_are_missing() -> None:
    levels = falling(20, grain=0.1)
    first = 96 * 12 + 40
    levels[first : first + 400] = levels[first] + 0.1 * np.random.default_rng(2).integers(0, 2, 400)
    assert any(sees(levels, use=in_use)[first : first + 250])


def test_draws_of_an_hour_do_not_make_a_run_of_equal_readings_look_usual() -> None:
    hours = np.arange(24 * 20)
    drawn = np.cumsum(np.random.default_rng(6).gamma(1.2, 0.3, len(hours))) % 70
    levels = np.round(95 - drawn + np.random.default_rng(7).normal(0, 0.05, len(hours)), 2)
    levels[300:360] = levels[300]
    assert any(sees(levels, every=HOUR)[300:325])


def test_an_empty_tank_rightly_says_nothing_for_days_but_a_full_one_that_is_used_does_not() -> None:
    levels = noisy(12)
    levels[600:620] = np.linspace(60, 0, 20)
    levels[620:] = 0.0
    levels[640] = 88.0  # a wild echo is no fall to nothing
    levels[639], levels[641:643] = 0.1, 0.1
    assert not any(sees(levels, use=in_use))
    levels[600:] = 100.0
    assert any(sees(levels, use=in_use)[600:792])


def test_a_sensor_that_falls_to_zero_at_once_and_stays_there_is_stuck() -> None:
    levels = noisy(12)
    levels[600:] = 0.0
    assert any(sees(levels)[600:640])


def test_a_missed_echo_does_not_free_a_stuck_sensor() -> None:
    levels = noisy(12)
    levels[600:900] = levels[600]
    levels[700] = 3.0
    assert sees(levels)[701]


def faulty(wild: np.ndarray) -> list[bool]:
    state, now, seen = sensor.SensorState(), False, []
    for index, one in enumerate(wild):
        signal = sensor.judged(state, wild=bool(one), at=index * QUARTER)
        now = signal.active if signal else now
        seen.append(now)
    return seen


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5])
def test_a_sensor_of_which_a_tenth_is_wild_is_faulty_within_two_days(share: float) -> None:
    found = [any(faulty(np.random.default_rng(seed).random(192) < share)) for seed in range(50)]
    assert np.mean(found) >= 0.95


def test_three_wild_echoes_in_a_thousand_are_ordinary() -> None:
    assert not any(faulty(np.random.default_rng(5).random(30 * 96) < 0.003))


def test_noise_is_measured_at_rest_and_not_from_draws() -> None:
    times = np.arange(96) * QUARTER
    values = 80 + np.random.default_rng(2).normal(0, 0.1, 96)
    values[30:] -= np.cumsum(np.random.default_rng(3).uniform(0, 1.5, 66))
    rest = sensor.rest_of(times, values)
    assert rest is not None
    assert rest.noise == pytest.approx(0.1, rel=0.6)


def closed(last: np.ndarray) -> bool:
    """Is a sensor of seven ordinary days called noisy by the next?"""
    state = sensor.SensorState()
    for day in range(7):
        levels = 80 + np.random.default_rng(day).normal(0, 0.1, 96)
        sensor.day_closed(state, (day * DAY + np.arange(96) * QUARTER).tolist(), levels.tolist())
    signal = sensor.day_closed(state, (7 * DAY + np.arange(96) * QUARTER).tolist(), last.tolist())
    return bool(signal and signal.active)


def test_ten_times_the_noise_is_noisy() -> None:
    assert closed(80 + np.random.default_rng(9).normal(0, 1.0, 96))


def test_a_night_of_draws_or_of_filling_is_not_noise() -> None:
    hard = np.cumsum(np.random.default_rng(9).uniform(0.5, 3, 96))
    assert not closed(90 - hard / 3)
    assert not closed(10 + hard / 3)


def test_a_coarse_sensor_between_two_values_is_not_noisy() -> None:
    assert not closed(62.0 + np.random.default_rng(9).integers(0, 2, 96))
