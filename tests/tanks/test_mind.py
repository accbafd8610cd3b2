"""The mind of a tank, whole: what comes out of a history, and that it never looks ahead."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tanks.mind import Findings, TankFacts, TankMind
from tests.tanks.water import DAY, HOUR, MONDAY, Household

FACTS = TankFacts(capacity_liters=4000)


def live(times: np.ndarray, levels: np.ndarray, mind: TankMind | None = None) -> TankMind:
    mind = mind or TankMind(FACTS)
    for at, level in zip(times.tolist(), levels.tolist(), strict=True):
        mind.observe(at, level)
    return mind


def kinds(found: Findings) -> set[str]:
    return {alert.kind for alert in found.alerts}


def opened(found: Findings, kind: str) -> list[float]:
    return sorted({alert.opened_at for alert in found.alerts if alert.kind == kind})


@pytest.fixture(scope="module")
def kept_full() -> Household:
    return Household(days=24, refills=[(6.4, 2400), (12.4, 2450), (18.4, 2400)])


def test_an_ordinary_month_raises_no_alarm_about_leak_burst_or_sensor(kept_full: Household) -> None:
    found = live(*kept_full.readings()).findings
    assert kinds(found) <= {"low", "critical", "runout_soon"}


def test_daily_use_is_right_within_two_percent_in_the_median(kept_full: Household) -> None:
    found = live(*kept_full.readings()).findings
    first = found.days[0].ordinal
    errors = [abs(d.litres / kept_full.true_use(d.ordinal - first) - 1) for d in found.days]
    assert len(errors) >= 22
    assert np.median(errors) < 0.02


def test_every_refill_is_found_once_with_its_litres(kept_full: Household) -> None:
    found = live(*kept_full.readings()).findings
    assert len(found.refills) == 3
    for refill, (day, litres) in zip(found.refills, kept_full.refills, strict=True):
        assert refill.litres == pytest.approx(litres, rel=0.015)
        assert abs(refill.litres - litres) < 5 * refill.uncertainty
        assert abs(refill.at - (MONDAY + day * DAY)) < HOUR


def test_wild_echoes_missing_readings_and_restarts_at_zero_change_nothing_much(kept_full: Household) -> None:
    times, levels = kept_full.readings()
    rng = np.random.default_rng(3)
    wild = rng.random(len(levels)) < 0.004
    levels = np.where(wild, rng.uniform(0, 100, len(levels)), levels)
    levels[700:702] = 0.0
    keep = rng.random(len(levels)) > 0.02
    keep[900:924] = False
    found = live(times[keep], levels[keep]).findings
    assert kinds(found) <= {"low", "critical", "runout_soon"}
    assert len(found.refills) == 3
    first = found.days[0].ordinal
    errors = [abs(d.litres / kept_full.true_use(d.ordinal - first) - 1) for d in found.days]
    assert np.median(errors) < 0.02


def test_wild_echoes_that_agree_with_each_other_make_no_refill_and_spoil_none(kept_full: Household) -> None:
    times, levels = kept_full.readings()
    plain = live(times, levels).findings
    for place, echoes in ((350, (70.0, 70.2)), (500, (12.0, 12.1)), (619, (98.0, 97.0)), (760, (30.0, 24.0))):
        levels[place : place + 2] = echoes
    found = live(times, levels).findings
    assert [refill.at for refill in found.refills] == [refill.at for refill in plain.refills]
    for refill, true in zip(found.refills, plain.refills, strict=True):
        assert refill.litres == pytest.approx(true.litres, rel=0.002)
    assert [d.litres for d in found.days] == pytest.approx([d.litres for d in plain.days], abs=12)


def test_a_large_leak_is_raised_within_two_days_and_closes_when_it_is_mended() -> None:
    leaking = Household(days=26, leak=(14.6, 160), refills=[(6.4, 2400), (12.4, 2450), (17.4, 2400)])
    mended = Household(days=26, refills=leaking.refills)
    times, levels = leaking.readings()
    dry = mended.readings()[1]
    after = times > MONDAY + 19.5 * DAY
    lost = 160 * 4.9 / 4000 * 100
    levels = np.where(after, dry - lost, levels)
    found = live(times, levels).findings
    assert len(opened(found, "leak")) == 1
    assert 0 < opened(found, "leak")[0] - (MONDAY + 14.6 * DAY) < 2 * DAY
    alert = next(alert for alert in found.alerts if alert.kind == "leak")
    assert alert.evidence["litersPerDay"] == pytest.approx(160, rel=0.3)
    assert alert.closed_at is not None
    assert alert.closed_at < MONDAY + 23 * DAY


def test_a_small_leak_is_raised_within_a_week() -> None:
    leaking = Household(days=24, leak=(14.2, 60), refills=[(6.4, 2400), (12.4, 2450), (18.4, 2400)])
    found = live(*leaking.readings()).findings
    assert len(opened(found, "leak")) == 1
    assert 0 < opened(found, "leak")[0] - (MONDAY + 14.2 * DAY) < 7 * DAY


def test_a_holiday_without_any_use_is_no_alarm() -> None:
    away = Household(days=24, away=(8, 19), start_litres=3900, refills=[(7.4, 2000)])
    found = live(*away.readings()).findings
    assert kinds(found) <= {"low", "critical", "runout_soon"}


def test_a_burst_is_raised_on_its_second_reading(kept_full: Household) -> None:
    times, levels = kept_full.readings()
    begin = 96 * 15 + 12  # three in the night
    lost = np.clip(np.arange(len(levels)) - begin, 0, 4) * 6.0  # 24 % in an hour
    found = live(times, np.maximum(levels - lost, 0)).findings
    assert times[begin] < opened(found, "burst")[0] <= times[begin + 2]


def test_a_stuck_sensor_is_noticed_and_forgiven_when_it_moves_again(kept_full: Household) -> None:
    times, levels = kept_full.readings()
    levels[1500:1700] = levels[1500]
    found = live(times, levels).findings
    assert len(opened(found, "stuck")) == 1
    assert times[1500] < opened(found, "stuck")[0] < times[1500] + DAY
    assert next(alert for alert in found.alerts if alert.kind == "stuck").closed_at is not None
    assert "burst" not in kinds(found)


def test_a_silent_sensor_is_offline_after_half_a_day_and_online_with_its_next_reading() -> None:
    times, levels = Household(days=12).readings()
    keep = (times < MONDAY + 6 * DAY) | (times > MONDAY + 8 * DAY)
    found = live(times[keep], levels[keep]).findings
    assert opened(found, "offline") == [times[keep][times[keep] < MONDAY + 6 * DAY][-1] + 12 * HOUR]
    alert = next(alert for alert in found.alerts if alert.kind == "offline")
    assert alert.closed_at == pytest.approx(MONDAY + 8 * DAY + 900)


def test_a_gap_of_hours_is_not_offline() -> None:
    times, levels = Household(days=12).readings()
    keep = (times < MONDAY + 6 * DAY) | (times > MONDAY + 6.4 * DAY)
    assert "offline" not in kinds(live(times[keep], levels[keep]).findings)


def test_each_local_midnight_has_one_forecast_in_order_of_its_quantiles(kept_full: Household) -> None:
    found = live(*kept_full.readings()).findings
    assert [made.made_at for made in found.forecasts] == [MONDAY + n * DAY for n in range(1, 24)]
    for made in found.forecasts:
        assert 0 <= made.empty.p10 <= made.empty.p50 <= made.empty.p90
        assert made.low.p50 <= made.empty.p50


def test_readings_that_begin_in_the_afternoon_are_not_taken_for_a_day_of_little_use() -> None:
    times, levels = Household(days=4).readings()
    whole = live(times, levels).findings.forecasts
    later = live(times[60:], levels[60:]).findings.forecasts
    assert [made.made_at for made in later] == [made.made_at for made in whole]
    for made, known in zip(later, whole, strict=True):
        assert made.empty.p10 < known.empty.p50 < made.empty.p90
        assert made.empty.p50 < 1.5 * known.empty.p50


def test_a_tank_about_to_run_dry_is_told_of_while_a_delivery_can_still_come(kept_full: Household) -> None:
    """Between two midnights too, and closed by the refill, not by the next midnight."""
    times, levels = Household(days=16, refills=[(9.6, 3600)]).readings()
    found = live(times, levels).findings
    alert = next(alert for alert in found.alerts if alert.kind == "runout_soon")
    dry = times[np.argmax(levels < 1)] if (levels < 1).any() else MONDAY + 9.6 * DAY
    assert 0.7 * DAY <= dry - alert.opened_at <= 2 * DAY
    assert alert.closed_at is not None
    assert alert.closed_at - (MONDAY + 9.6 * DAY) <= 6 * HOUR


def test_what_is_found_never_depends_on_later_readings(kept_full: Household) -> None:
    times, levels = kept_full.readings()
    whole = live(times, levels).findings
    cut = 96 * 13 + 40
    part = live(times[:cut], levels[:cut]).findings
    assert [(r.at, r.litres) for r in part.refills] == [(r.at, r.litres) for r in whole.refills][
        : len(part.refills)
    ]
    assert part.days == whole.days[: len(part.days)]
    assert [m.empty for m in part.forecasts] == [m.empty for m in whole.forecasts][: len(part.forecasts)]


def test_the_state_goes_through_a_document_and_back_without_a_difference(kept_full: Household) -> None:
    times, levels = kept_full.readings()
    whole = live(times, levels)
    cut = 96 * 9 + 31
    first = live(times[:cut], levels[:cut])
    stored = json.loads(json.dumps(first.to_dict()))
    second = live(times[cut:], levels[cut:], TankMind(FACTS, stored))
    assert second.to_dict() == whole.to_dict()
    assert len(first.findings.days) + len(second.findings.days) == len(whole.findings.days)


def test_the_state_does_not_grow_with_history() -> None:
    home = Household(days=80, refills=[(6.4 + 6 * n, 2400) for n in range(12)])
    times, levels = home.readings()
    mind, sizes = TankMind(FACTS), []
    for at, level in zip(times.tolist(), levels.tolist(), strict=True):
        mind.observe(at, level)
        if at % (10 * DAY) == MONDAY % (10 * DAY):
            sizes.append(len(json.dumps(mind.to_dict())))
    assert sizes[-1] < 1.1 * sizes[-2]
    assert sizes[-1] < 40_000
