"""Detectors one by one: raise, hysteresis, close, remind."""

from __future__ import annotations

import numpy as np
import pytest

from tanks import nights
from tanks.detectors import levels
from tanks.detectors.alerts import Alert, AlertBook, Signal, renotify_due
from tanks.forecast import Days, Forecast
from tanks.refills import Refill

DAY = 86400.0


def low(values: list[float]) -> list[str]:
    book, seen = AlertBook(), []
    for index in range(1, len(values) + 1):
        signal = levels.below(
            "low",
            "warning",
            values[:index],
            list(range(index)),
            threshold=25,
            noise_percent=0.1,
            is_open=book.is_open("low"),
        )
        changed = book.apply(signal, at=float(index))
        seen.append("-" if not changed else "open" if changed[0].closed_at is None else "close")
    return seen


def test_low_is_raised_by_two_readings_below_and_closed_by_two_clearly_above() -> None:
    assert low([25.1, 24.9, 24.8, 25.2, 26.9, 27.1, 27.2]) == ["-", "-", "open", "-", "-", "-", "close"]


def test_a_level_that_plays_around_the_threshold_raises_one_alert() -> None:
    assert low([24.9, 25.1] * 20).count("open") == 0
    assert low([24.9, 24.8, 25.3, 25.4] * 20).count("open") == 1


def test_one_alert_a_kind_is_open_and_its_state_survives_a_document() -> None:
    book = AlertBook()
    assert book.apply(Signal("leak", True), at=1.0)
    assert book.apply(Signal("leak", True), at=2.0) == []
    again = AlertBook.from_dict(book.to_dict())
    [closed] = again.apply(Signal("leak", False), at=3.0)
    assert (closed.opened_at, closed.closed_at) == (1.0, 3.0)


def test_worse_of_a_kind_is_another_alert_and_ends_the_one_that_was_open() -> None:
    book = AlertBook()
    book.apply(Signal("leak", True, "info"), at=1.0)
    over, worse = book.apply(Signal("leak", True, "critical", anew=True), at=5.0)
    assert (over.severity, over.opened_at, over.closed_at) == ("info", 1.0, 5.0)
    assert (worse.severity, worse.opened_at, worse.closed_at) == ("critical", 5.0, None)
    assert book.open == {"leak": worse}


def test_a_leak_is_recalled_every_second_day_and_a_small_one_once_a_week() -> None:
    leak = Alert("leak", "warning", 0.0, {})
    assert not renotify_due(leak, notified_at=0.0, now=1.9 * DAY)
    assert renotify_due(leak, notified_at=0.0, now=2 * DAY)
    assert not renotify_due(Alert("leak", "info", 0.0, {}), notified_at=0.0, now=6 * DAY)
    assert not renotify_due(Alert("leak", "warning", 0.0, {}, closed_at=1.0), notified_at=0.0, now=9 * DAY)


def test_runout_soon_compares_the_early_futures_with_the_next_delivery() -> None:
    def forecast(p10: float) -> Forecast:
        days = Days(p10, p10 + 1, p10 + 2)
        return Forecast(0.0, 500.0, days, days, np.array([p10]))

    assert levels.runout_soon(forecast(1.5), lead_days=2).active  # type: ignore[union-attr]
    assert levels.runout_soon(forecast(2.5), lead_days=2) is None
    assert levels.runout_soon(forecast(3.5), lead_days=2).active is False  # type: ignore[union-attr]


def test_a_refill_nobody_expected_is_told() -> None:
    refill = Refill(at=100.0, start_at=50.0, litres=900, uncertainty=5, level_before=10, level_after=55)
    assert levels.unexpected_refill(refill, expected=[]).active
    assert not levels.unexpected_refill(refill, expected=[(0.0, 200.0)]).active


def test_overfill_closes_only_once_clearly_below_the_brim() -> None:
    assert levels.overfill([99.6, 99.7], [0, 1], is_open=False).active  # type: ignore[union-attr]
    assert levels.overfill([98.0, 98.1], [0, 1], is_open=True) is None
    assert levels.overfill([97.0, 97.1], [0, 1], is_open=True).active is False  # type: ignore[union-attr]


def quiet(litres: np.ndarray, apart: np.ndarray | None = None) -> nights.Loss | None:
    hours = np.arange(len(litres)) / 4
    nowhere = np.zeros(len(litres), dtype=bool)
    return nights.quiet_loss(
        hours, litres, apart=nowhere if apart is None else apart, noise_litres=1.0, interval_hours=0.25
    )


def test_the_quietest_two_hours_of_a_busy_day_show_the_leak_alone() -> None:
    hours = np.arange(96) / 4
    drawn = np.where((hours > 6) & (hours < 23), 20 * (hours - 6), 0) + np.where(hours >= 23, 340, 0)
    assert quiet(3000 - drawn).rate == pytest.approx(0, abs=1e-6)  # type: ignore[union-attr]
    assert quiet(3000 - drawn - 100 * hours / 24).rate == pytest.approx(100)  # type: ignore[union-attr]


def test_a_day_hidden_by_refills_says_nothing_about_leaks() -> None:
    apart = np.arange(96) % 12 < 5
    assert quiet(np.linspace(3000, 2800, 96), apart) is None
