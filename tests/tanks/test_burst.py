"""Bursts: what is one, what is a household's draw, and what is a wild echo."""

from __future__ import annotations

from tanks.detectors import burst
from tanks.detectors.alerts import Signal

QUARTER = 900.0
HABIT = burst.Habit(capacity=4000, noise_percent=0.05, daily_percent=8.0)


HOSES = (4.0, 6.0, 3.0, 1.0)


def known(
    *, hardest: tuple[float, float, float, float] = (1.5, 1.0, 0.5, 0.3), often: float = 0.0
) -> burst.BurstState:
    """A household of a month, its hardest draws of a day give or take a third; two steps of 1 % a day.

    `hardest`: percent in a step and in two, three and five in succession; `often`: how many steps of 4 % a day.
    """
    steps = [8.0, 4.0, 2.0, max(0.2, often), often, 0.0]
    square = [1.1 * draw * draw for draw in hardest]
    return burst.BurstState(mean=list(hardest), square=square, steps=steps, days=30)


def judged(
    *levels: float, state: burst.BurstState | None = None, habit: burst.Habit = HABIT
) -> Signal | None:
    times = [QUARTER * index for index in range(len(levels))]
    return burst.burst(state or known(), times, levels, habit, is_open=False)


def doubted(*levels: float) -> Signal | None:
    times = [QUARTER * index for index in range(len(levels))]
    return burst.doubted(known(), times, levels, HABIT)


def test_a_burst_is_raised_by_the_second_reading_that_shows_it() -> None:
    assert judged(80, 80, 80, 76.2) is None
    assert judged(80, 80, 80, 76.2, 72.4).active  # type: ignore[union-attr]
    assert judged(80, 80, 80, 68, 56).active  # type: ignore[union-attr]


def test_a_burst_that_begins_between_two_readings_shows_a_part_of_its_pace_first() -> None:
    assert judged(80, 80, 80, 77.9, 74.1).active  # type: ignore[union-attr]


def test_a_fall_that_is_not_believed_yet_is_a_burst_if_it_was_seen_to_begin() -> None:
    assert doubted(80, 80, 80, 76, 68).active  # type: ignore[union-attr]


def test_a_lone_wild_echo_is_no_burst() -> None:
    assert judged(80, 80, 80, 80, 76.1) is None
    assert doubted(80, 80, 80, 79.95, 60) is None
    assert doubted(80, 80, 80, 76, 30) is None  # no pipe empties a tank so fast


def test_a_fall_back_from_two_wild_echoes_is_no_loss() -> None:
    assert judged(50, 50, 50, 66, 50, 50, habit=HABIT) is None


def test_what_goes_on_longer_than_this_household_draws_is_a_burst_though_no_step_is_harder() -> None:
    hoses = known(hardest=HOSES, often=1.0)
    assert judged(80, 80, 80, 75.5, 71, state=hoses) is None
    assert judged(80, 80, 80, 75.5, 71, 66.5, state=hoses).active  # type: ignore[union-attr]


def test_a_loss_no_harder_than_showers_is_a_burst_once_it_lasts_longer_than_they_do() -> None:
    small = burst.Habit(capacity=1000, noise_percent=0.12, daily_percent=12.0, hour_share=1.2)
    family = known(hardest=(7.0, 6.0, 4.0, 0.5), often=0.5)
    falling = [87.1, 87.2, 81.6, 76.6, 72.0, 67.0, 62.3]  # 19 % an hour
    shown = [judged(*falling[:count], state=family, habit=small) for count in range(3, 8)]
    assert not any(shown[:3])
    assert any(shown)


def test_a_beginning_that_is_a_small_part_of_the_step_after_it_says_little() -> None:
    large = burst.Habit(capacity=10_000, noise_percent=0.05, daily_percent=8.0, hour_share=0.6)
    assert judged(80, 80, 80, 78.9, 69.9, habit=large) is None  # a draw, and a wild echo
    assert judged(80, 80, 80, 75.5, 66.5, habit=large).active  # type: ignore[union-attr]


def test_a_draw_that_is_running_out_is_no_burst() -> None:
    assert judged(80, 80, 80, 72, 68) is None


def test_an_ordinary_step_of_this_hour_does_not_make_the_next_one_a_burst() -> None:
    assert judged(80, 80, 80, 79.2, 75.2) is None
    asleep = burst.Habit(capacity=4000, noise_percent=0.05, daily_percent=8.0, hour_share=0.1)
    assert judged(80, 80, 80, 78.5, 74.5, habit=asleep).active  # type: ignore[union-attr]


def test_the_hardest_usual_draw_is_no_burst_but_a_harder_one_is() -> None:
    hoses = known(hardest=HOSES, often=1.0)
    assert judged(80, 80, 80, 76.2, 72.4, state=hoses) is None
    assert judged(80, 80, 80, 70, 60, state=hoses).active  # type: ignore[union-attr]


def test_a_draw_that_was_taken_for_a_burst_is_learned_and_a_large_one_when_it_comes_again() -> None:
    def watered(state: burst.BurstState) -> list[bool]:
        levels = (80, 80, 80, 72, 64, 56, 56, 56)
        raised, is_open = [], False
        for count in range(3, len(levels) + 1):
            times = [QUARTER * index for index in range(count)]
            signal = burst.burst(state, times, levels[:count], HABIT, is_open=is_open)
            is_open = signal.active if signal else is_open
            raised.append(bool(signal and signal.active))
        burst.day_closed(state)
        return raised

    state = known()
    assert any(watered(state))
    watered(state)
    assert not any(watered(state))


def test_a_wild_echo_taken_for_a_burst_teaches_nothing() -> None:
    state = known()
    levels = [80.0, 80.0, 76.0, 68.0]
    times = [QUARTER * index for index in range(4)]
    assert burst.doubted(state, times, levels, HABIT)
    believed = [80.0, 80.0, 76.0, 76.0]
    burst.burst(state, [*times[:3], times[3] + QUARTER], believed, HABIT, is_open=True)
    assert max(state.today) <= 4.0


def test_what_is_lost_unseen_in_a_silence_is_a_burst_when_no_household_draws_so_much() -> None:
    def silent(*levels: float) -> Signal | None:
        times = [0.0, QUARTER, QUARTER + 5 * 3600, 2 * QUARTER + 5 * 3600]
        return burst.burst(known(), times, levels, HABIT, is_open=False)

    assert silent(80, 80, 70, 70) is None
    assert silent(80, 80, 45, 80) is None
    assert silent(80, 80, 45, 45).active  # type: ignore[union-attr]


def test_a_burst_under_way_does_not_become_usual_by_its_own_length() -> None:
    state, raised = known(hardest=HOSES, often=1.0), []
    for count in range(3, 12):
        times = [QUARTER * index for index in range(count)]
        levels = [80 - 4.8 * max(index - 2, 0) for index in range(count)]
        raised.append(burst.burst(state, times, levels, HABIT, is_open=False) is not None)
    assert any(raised)


def test_a_flow_that_hoses_have_needs_more_proof_and_one_that_no_tap_has_needs_less() -> None:
    falling = (80, 80, 80, 78.1, 74.2)
    small = burst.Habit(capacity=6000, noise_percent=0.05, daily_percent=8.0)  # 15 litres a minute
    large = burst.Habit(capacity=16000, noise_percent=0.05, daily_percent=8.0)  # 40
    assert judged(*falling, habit=small) is None
    assert judged(*falling, habit=large).active  # type: ignore[union-attr]
