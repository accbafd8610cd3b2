"""The steady loss behind noisy levels, draws, refills and coarse counts."""

import numpy as np
import pytest

from tanks.nights import lasting_loss
from tanks.steady import Loss, steady_loss
from tanks.usage import HOUR, RefillSpan

NOISE = 2.0


def levels(
    rate: float, *, hours: float = 10.0, draws: int = 0, size: float = 8.0, every: float = 0.25, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """A night: `rate` litres a day, and so many draws of about `size` litres at any time."""
    rng = np.random.default_rng(seed)
    at = np.arange(0.1, hours, every)
    litres = 2000 - rate / 24 * at + rng.normal(0, NOISE, len(at))
    for moment, much in zip(rng.uniform(0, hours, draws), rng.exponential(size, draws), strict=True):
        litres = litres - np.where(at > moment, much, 0.0)
    return at, litres


def rate_of(at: np.ndarray, litres: np.ndarray) -> float:
    loss = steady_loss(at, litres, noise_litres=NOISE)
    assert loss is not None
    return loss.rate


@pytest.mark.parametrize("rate", [0.0, 20.0, 60.0, 300.0])
def test_a_steady_loss_is_found_whatever_its_size(rate: float) -> None:
    found = [rate_of(*levels(rate, seed=seed)) for seed in range(20)]
    assert np.mean(found) == pytest.approx(rate, abs=8 + 0.15 * rate)


def test_draws_large_and_small_are_told_from_the_loss_beside_them() -> None:
    few = [rate_of(*levels(60, draws=4, size=25.0, seed=seed)) for seed in range(20)]
    many = [rate_of(*levels(60, draws=10, seed=seed)) for seed in range(20)]
    assert np.mean(few) == pytest.approx(60, abs=8)
    assert np.mean(many) == pytest.approx(60, abs=25)
    fallen = np.mean([24 / 10 * -np.ptp(levels(60, draws=10, seed=seed)[1]) for seed in range(20)])
    assert abs(fallen) > 200  # what the same nights lost in all, as litres a day


def test_steep_evening_draws_do_not_hide_a_leak() -> None:
    """Draws in every reading of two hours, then a night in which nothing but the leak falls."""
    for seed in range(5):
        at, litres = levels(88, seed=seed)
        litres = litres - 9.0 * np.minimum(np.floor(at / 0.25), 8)
        assert rate_of(at, litres) == pytest.approx(88, abs=20)


def test_its_error_tells_how_far_off_it_is() -> None:
    found = [steady_loss(*levels(40, draws=3, seed=seed), noise_litres=NOISE) for seed in range(60)]
    off = [(loss.rate - 40) / loss.error for loss in found if loss]
    assert len(off) == 60
    assert 0.6 < float(np.std(off)) < 1.5


def test_readings_every_minute_say_no_less_than_every_quarter_hour() -> None:
    dense = [rate_of(*levels(40, every=1 / 60, seed=seed)) for seed in range(10)]
    assert np.mean(dense) == pytest.approx(40, abs=4)
    assert np.std(dense) < np.std([rate_of(*levels(40, seed=seed)) for seed in range(10)])


def test_a_wild_echo_and_a_wave_do_not_end_the_measurement() -> None:
    at, litres = levels(60)
    litres[12] -= 300
    litres[25] += 200
    assert rate_of(at, litres) == pytest.approx(60, abs=30)


def test_both_sides_of_a_refill_in_the_night_count() -> None:
    at, litres = levels(60)
    filled = np.where(at > 5, litres + 1500, litres)
    span = RefillSpan(4.8 * HOUR, 5.1 * HOUR)

    def measured(spans: list[RefillSpan], until: float) -> Loss | None:
        return lasting_loss(at * HOUR, filled, spans, since=0.0, until=until * HOUR, noise_litres=NOISE)

    both, before = measured([span], 10), measured([span], 4.5)
    assert both is not None
    assert before is not None
    assert both.rate == pytest.approx(60, abs=20)
    assert both.error < before.error


def test_levels_that_count_in_steps_larger_than_the_noise_are_not_believed_too_much() -> None:
    at, litres = levels(0)
    counted = np.round(litres / 12) * 12
    loss = lasting_loss(at * HOUR, counted, [], since=0.0, until=10 * HOUR, noise_litres=0.5)
    assert loss is not None
    assert abs(loss.rate) < 3 * loss.error


def test_too_few_readings_give_no_rate() -> None:
    at, litres = levels(60)
    assert steady_loss(at[:5], litres[:5], noise_litres=NOISE) is None
    assert steady_loss(at[:7] / 10, litres[:7], noise_litres=NOISE) is None
