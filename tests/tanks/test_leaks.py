"""What is a leak and what is not, by nights alone; and a sensor that counts whole percents."""

from dataclasses import replace

import numpy as np
import pytest

from tanks import leaks
from tanks.detectors.alerts import Signal
from tanks.excess import Night
from tanks.leaks import LeakState
from tanks.mind import Findings, TankFacts, TankMind
from tanks.steady import Loss
from tests.tanks.water import DAY, MONDAY, Household

USUAL = 400.0
HOME = leaks.Home(capacity=5000.0, daily_litres=USUAL)
ERROR = 8.0


def night(ordinal: int, rate: float, *, drawn: float | None = USUAL) -> Night:
    gentlest = Loss(rate - 10.0, ERROR)
    return Night(ordinal, Loss(rate, ERROR), gentlest, gentlest if drawn else None, drawn)


def known_home(nights: int = 21, *, least: float = 10.0) -> LeakState:
    """Nights of 10 to 30 litres a day: a toilet now and then."""
    rates = np.random.default_rng(5).uniform(least, least + 20, nights)
    return LeakState([night(day, float(rate)) for day, rate in enumerate(rates)])


def close(state: LeakState, seen: Night) -> Signal | None:
    return leaks.night_closed(state, seen, HOME, at=DAY * seen.ordinal)


def by_day(state: LeakState, seen: Night) -> Signal | None:
    return leaks.day_seen(state, seen, HOME, at=DAY * seen.ordinal)


def test_a_loss_of_every_night_is_a_leak_and_one_bad_night_among_them_is_none() -> None:
    leaking, unlucky = known_home(), known_home()
    raised = [close(leaking, night(21 + day, 90.0, drawn=USUAL + 70)) for day in range(7)]
    assert any(raised)
    bad = [close(unlucky, night(21 + day, 700.0 if day == 3 else 25.0)) for day in range(7)]
    assert not any(bad)


def test_a_leak_that_has_grown_several_times_is_told_anew_and_one_bad_night_of_it_is_not() -> None:
    state = known_home()
    raised = [close(state, night(21 + day, 90.0, drawn=USUAL + 70)) for day in range(7)]
    assert any(raised)
    small = state.rate
    assert close(state, night(28, 400.0)) is None
    assert close(state, night(29, 90.0)) is None
    assert close(state, night(30, 400.0)) is None
    worse = close(state, night(31, 410.0))
    assert worse is not None
    assert (worse.active, worse.anew, worse.severity) == (True, True, "critical")
    assert state.rate > 3 * small
    assert close(state, night(32, 405.0)) is None
    ended = [close(state, night(33 + day, 20.0)) for day in range(2)]
    assert not ended[1].active


def test_nights_of_guests_are_no_leak_but_the_same_nights_of_an_ordinary_house_are() -> None:
    quiet, full = known_home(), known_home()
    raised = [close(quiet, night(21 + day, 60.0)) for day in range(5)]
    assert any(raised)
    guests = [close(full, night(21 + day, 60.0, drawn=2.4 * USUAL)) for day in range(5)]
    assert not any(guests)


def test_one_night_alone_waits_for_its_day_and_counts_only_if_the_day_lost_as_well() -> None:
    leaking, busy = known_home(), known_home()
    large = night(21, 160.0, drawn=None)
    assert close(leaking, large) is None
    signal = by_day(leaking, night(21, 160.0, drawn=USUAL + 200))
    assert signal is not None
    assert signal.active
    assert signal.evidence["nights"] == 1
    assert signal.evidence["litersPerDay"] == pytest.approx(140, abs=15)

    assert close(busy, large) is None
    rested = replace(night(21, 160.0, drawn=USUAL + 200), day=Loss(10.0, ERROR))
    assert by_day(busy, rested) is None


def after_a_day(day: float) -> LeakState:
    """A leak that began in the morning after night 21: that night is sound, its day lost so much."""
    state = known_home()
    assert close(state, night(21, 20.0, drawn=None)) is None
    assert by_day(state, replace(night(21, 20.0, drawn=USUAL + 150), day=Loss(day, ERROR))) is None
    return state


def test_a_day_that_leaked_and_the_night_after_it_are_enough_together() -> None:
    leaking = close(after_a_day(160.0), night(22, 170.0, drawn=None))
    assert leaking is not None
    assert leaking.evidence["nights"] == 1
    assert close(after_a_day(10.0), night(22, 170.0, drawn=None)) is None


def test_a_large_leak_is_told_by_the_first_hours_of_a_night_which_are_not_kept() -> None:
    def begun(state: LeakState, rate: float) -> Signal | None:
        less_sure = Night(22, Loss(rate, 2 * ERROR), Loss(rate - 20, 2 * ERROR))
        return leaks.night_begun(state, less_sure, HOME, at=DAY * 22)

    sound, rested, leaking = after_a_day(160.0), after_a_day(10.0), after_a_day(160.0)
    assert leaks.worth_a_look(leaking, HOME)
    assert not leaks.worth_a_look(rested, HOME)
    assert begun(sound, 20.0) is None
    assert begun(rested, 240.0) is None
    signal = begun(leaking, 240.0)
    assert signal is not None
    assert signal.evidence["nights"] == 1
    assert leaking.nights[-1].ordinal == 21


def test_one_night_that_no_guests_explain_does_not_wait_for_its_day() -> None:
    assert close(known_home(), night(21, 600.0, drawn=None)) is not None


def test_a_day_that_was_not_seen_says_nothing_about_its_night() -> None:
    state = known_home()
    close(state, night(21, 160.0, drawn=None))
    assert by_day(state, night(21, 160.0, drawn=None)) is None
    assert state.nights[-1].drawn is None


def test_nights_before_anybody_came_home_are_no_measure_of_those_after() -> None:
    state = LeakState([night(day, 0.0, drawn=1.0) for day in range(20)])
    raised = [close(state, night(20 + day, 80.0)) for day in range(3)]
    assert not any(raised)


def test_the_state_of_nights_goes_through_a_document_and_back() -> None:
    state = known_home(3)
    state.nights.append(Night(9, None, Loss(1.0, 2.0), Loss(3.0, 4.0)))
    assert LeakState.from_dict(state.to_dict()) == state


def test_a_day_in_which_the_household_rested_after_all_is_no_leak() -> None:
    """Those who work at night draw at night, and sleep by day."""
    awake, leaking = known_home(), known_home()
    rested = [replace(night(21 + day, 90.0, drawn=USUAL + 70), day=Loss(5.0, ERROR)) for day in range(5)]
    assert not any(close(awake, one) for one in rested)
    assert any(close(leaking, night(21 + day, 90.0, drawn=USUAL + 70)) for day in range(5))


def test_a_loss_that_stopped_by_itself_makes_the_next_one_harder_to_believe() -> None:
    def raised_after(state: LeakState) -> int | None:
        first = 40
        days = (day for day in range(7) if close(state, night(first + day, 25.0, drawn=USUAL + 20)))
        return next(days, None)

    calm, lively = known_home(least=0.0), known_home(least=0.0)
    for day in range(2):
        close(lively, night(21 + day, 190.0, drawn=USUAL + 170))
    assert lively.rate is not None
    for day in range(2, 16):
        close(lively, night(21 + day, 10.0))
        close(calm, night(21 + day, 10.0))
    assert lively.rate is None
    assert lively.forgiven > 0
    calm_day, lively_day = raised_after(calm), raised_after(lively)
    assert calm_day is not None
    assert lively_day is None or lively_day > calm_day


def whole_percents(home: Household) -> Findings:
    mind = TankMind(TankFacts(home.capacity))
    times, levels = home.readings()
    for at, level in zip(times.tolist(), np.round(levels).tolist(), strict=True):
        mind.observe(at, level)
    mind.tick(MONDAY + home.days * DAY)
    return mind.findings


def test_a_sensor_that_counts_whole_percents_shows_a_large_leak_and_invents_none() -> None:
    refills = [(6.4, 2400), (12.4, 2450), (17.4, 2400), (21.4, 2400)]
    leaking = whole_percents(Household(days=26, leak=(14.6, 280), refills=refills))
    raised = [alert.opened_at for alert in leaking.alerts if alert.kind == "leak"]
    assert raised
    assert 0 < raised[0] - (MONDAY + 14.6 * DAY) < 5 * DAY
    sound = whole_percents(Household(days=26, refills=refills[:3]))
    assert "leak" not in {alert.kind for alert in sound.alerts}
