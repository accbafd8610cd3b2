"""The transition table, against the contract's sentence, and as a graph."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.models import Status
from orders.states import (
    BEFORE_DEPARTURE,
    FINAL,
    TRANSITIONS,
    Actor,
    State,
    may_move,
    next_states,
    sources_of,
)

CHAIN = ["placed", "acknowledged", "scheduled", "in_transit", "delivered"]
ALLOWED = set(itertools.pairwise(CHAIN)) | {(start, "cancelled") for start in CHAIN[:3]}


def test_the_model_and_the_table_know_the_same_states() -> None:
    assert [str(state) for state in State] == list(Status.values)


@pytest.mark.parametrize(("start", "end"), list(itertools.product(State, State)))
def test_only_the_contracts_moves_are_allowed(start: State, end: State) -> None:
    somebody = any(may_move(start, end, actor) for actor in Actor)
    assert somebody == ((start, end) in ALLOWED)


def test_a_customer_only_cancels_and_a_supplier_never_does() -> None:
    assert {end for (_, end), actors in TRANSITIONS.items() if Actor.CUSTOMER in actors} == {State.CANCELLED}
    assert State.CANCELLED not in {end for (_, end), who in TRANSITIONS.items() if Actor.SUPPLIER in who}


def test_nothing_leaves_a_final_state() -> None:
    assert not any(next_states(state, actor) for state in FINAL for actor in Actor)


def test_cancelling_is_possible_until_departure() -> None:
    assert set(sources_of(State.CANCELLED, Actor.CUSTOMER)) == BEFORE_DEPARTURE


@given(st.text(), st.text(), st.text())
def test_unknown_words_may_nothing(start: str, end: str, actor: str) -> None:
    assert not may_move(start, end, actor)


@given(st.lists(st.tuples(st.sampled_from(State), st.sampled_from(Actor)), max_size=30))
def test_every_walk_moves_onwards_and_ends_within_five_steps(tries: list[tuple[State, Actor]]) -> None:
    state, walked = State.PLACED, [State.PLACED]
    for end, actor in tries:
        if may_move(state, end, actor):
            state = end
            walked.append(end)
    assert len(set(walked)) == len(walked) <= 5
