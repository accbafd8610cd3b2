"""The spike filter: what is believed, when, and what can never be done to it."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from tanks.quality import FilterState, Verdict, classify, plain_run
from tanks.services.readings import Candidate

QUARTER = 900.0


def run(levels: list[float], *, step: float = QUARTER, state: FilterState | None = None) -> list[Verdict]:
    state = state or FilterState()
    verdicts = []
    for index, level in enumerate(levels):
        verdict = classify(state=state, at=1_000_000.0 + index * step, level_percent=level)
        state = verdict.state
        verdicts.append(verdict)
    return verdicts


def qualities(levels: list[float], **kwargs: float) -> str:
    return "".join(verdict.quality[0] for verdict in run(levels, **kwargs))


def test_a_first_reading_is_believed() -> None:
    assert qualities([37.0]) == "g"


def test_a_lone_missed_echo_is_suspect_and_changes_nothing() -> None:
    verdicts = run([80.0, 79.9, 12.0, 79.8])
    assert [v.quality for v in verdicts] == ["good", "good", "suspect", "good"]
    assert not any(v.confirmed_suspect for v in verdicts)
    assert verdicts[-1].state.last_good_level == 79.8
    assert verdicts[-1].state.suspect_at is None


def test_a_refill_is_believed_on_its_second_reading() -> None:
    verdicts = run([20.0, 90.0, 90.1, 90.0])
    assert [v.quality for v in verdicts] == ["good", "suspect", "good", "good"]
    assert verdicts[2].confirmed_suspect
    assert verdicts[2].confirmed_at == 1_000_000.0 + QUARTER


def test_a_refill_that_takes_several_readings_is_doubted_once() -> None:
    assert qualities([20.0, 35.0, 50.0, 65.0, 80.0, 90.0, 89.0, 90.5]) == "gsgggggg"


def test_a_burst_is_believed_on_its_second_reading() -> None:
    for percent_an_hour in (15, 30, 60, 150):
        fall = percent_an_hour / 4
        verdicts = run([95.0, 95.0 - fall, 95.0 - 2 * fall])
        assert verdicts[2].quality == "good"


def test_a_first_outlier_never_poisons_the_filter() -> None:
    assert qualities([3.0, 80.0, 80.0, 79.9, 79.9]) == "gsggg"


def test_a_restart_at_zero_for_three_readings_is_not_an_empty_tank() -> None:
    assert qualities([64.0, 0.0, 0.0, 0.0, 63.9]) == "gsssg"


def test_a_tank_that_stays_at_zero_is_believed_in_the_end() -> None:
    verdicts = run([64.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    assert [v.quality[0] for v in verdicts] == ["g", "s", "s", "s", "g", "g"]


def test_a_tank_that_runs_dry_step_by_step_is_believed_at_once() -> None:
    assert qualities([3.0, 2.0, 1.0, 0.3, 0.0]) == "ggggg"


def test_two_different_wild_readings_do_not_confirm_each_other() -> None:
    assert qualities([50.0, 95.0, 4.0, 50.1]) == "gssg"


def test_wild_echoes_that_confirmed_each_other_are_refuted_when_the_level_is_back() -> None:
    for echoes in ([33.7, 33.9], [49.9, 46.7], [14.1, 13.9], [90.0, 89.0, 90.5]):
        *_, last = run([23.1, 23.0, *echoes, 22.8])
        assert last.quality == "good"
        assert last.refuted == tuple(1_000_000.0 + QUARTER * (2 + n) for n in range(len(echoes)))
        assert last.state == FilterState(last.state.last_good_at, 22.8)


def test_a_refill_that_is_drawn_from_and_a_draw_that_is_made_up_for_step_by_step_are_water() -> None:
    for levels in (
        [20.0, 30.0, 30.0, 27.0, 25.0, 23.0, 20.0],
        [95.0, 88.0, 86.0, 89.0, 92.0, 95.0],
        [66.6, 55.6, 49.2, 49.4, 65.6, 95.1, 95.0],
    ):
        assert not any(verdict.refuted for verdict in run(levels))


def test_a_manual_reading_is_believed_at_once_and_the_sensor_is_measured_against_it() -> None:
    state = run([50.0])[-1].state
    verdict = classify(state=state, at=1_000_900.0, level_percent=92.0, source="manual")
    assert verdict.quality == "good"
    assert verdict.state.last_good_level == 92.0
    after = classify(state=verdict.state, at=1_001_800.0, level_percent=91.8)
    assert after.quality == "good"


def test_a_late_reading_does_not_change_the_state() -> None:
    state = run([50.0, 49.8])[-1].state
    for source in ("sensor", "manual"):
        for level in (10.0, 50.0):
            late = classify(state=state, at=1_000_100.0, level_percent=level, source=source)
            assert late.state is state


def test_a_reading_that_is_no_number_is_suspect() -> None:
    for level in (math.nan, math.inf, -math.inf):
        verdict = classify(state=run([50.0])[-1].state, at=2_000_000.0, level_percent=level)
        assert verdict.quality == "suspect"
    assert classify(state=FilterState(), at=0.0, level_percent=math.nan).state.last_good_at is None


def test_a_long_silence_allows_a_long_draw() -> None:
    assert qualities([80.0, 45.0], step=6 * 3600.0) == "gg"


@given(st.lists(st.floats(0, 100), min_size=1, max_size=60), st.floats(1.0, 99.0))
def test_whatever_came_before_three_like_readings_are_believed(history: list[float], level: float) -> None:
    verdicts = run([*history, level, level, level, level, level])
    assert verdicts[-1].quality == "good"
    assert verdicts[-1].state.last_good_level == level


@given(st.lists(st.floats(0, 100), max_size=30))
def test_the_state_survives_a_document(levels: list[float]) -> None:
    state = run([50.0, *levels])[-1].state
    assert FilterState.from_dict(state.to_dict()) == state


levels = st.one_of(
    st.floats(48, 52), st.sampled_from([0.0, 0.5, 0.51, 48.0, 50.0, 51.5, 100.0, math.nan, math.inf])
)
steps = st.one_of(st.integers(-5_000, 600_000), st.sampled_from([0, 1, 900_000, 40_000_000]))
states = st.builds(
    FilterState,
    last_good_at=st.one_of(st.none(), st.sampled_from([-5.0, 0.0, 1_000_000.0])),
    last_good_level=st.floats(48, 52),
    pace=st.sampled_from([0.0, 0.0, -3.0]),
    settling_until=st.sampled_from([0.0, 0.0, 1_000_500.0]),
    suspect_at=st.one_of(st.none(), st.none(), st.just(1_000_100.0)),
    suspect_level=st.just(20.0),
    suspect_count=st.integers(0, 2),
    left_at=st.sampled_from([None, 999_000.0]),
    left_level=st.floats(48, 52),
)


@given(states, st.lists(st.tuples(steps, levels), max_size=12), st.integers(0, 2))
def test_what_a_run_passes_over_is_what_would_be_believed_one_by_one(
    state: FilterState, moves: list[tuple[int, float]], first: int
) -> None:
    ms, readings = 1_000_000_000, []
    for step, level in moves:
        ms += step
        readings.append(Candidate(1, 1, ms, level, 0.0, "sensor"))
    first = min(first, len(readings))
    end, after = plain_run(state, readings, first)
    one_by_one = state
    for reading in readings[first:end]:
        verdict = classify(state=one_by_one, at=reading.ms / 1000, level_percent=reading.level)
        assert (verdict.quality, verdict.confirmed_at, verdict.refuted) == ("good", None, ())
        one_by_one = verdict.state
    assert after == one_by_one


def test_a_run_passes_over_all_of_a_slow_fall() -> None:
    readings = [Candidate(1, 1, 1_000_000 * n, 90 - n * 0.1, 0.0, "sensor") for n in range(1, 500)]
    assert plain_run(FilterState(0.0, 90.0), readings, 0)[0] == len(readings)
