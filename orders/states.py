"""The states of an order, and who may move it. Pure: no Django, no storage.

    placed → acknowledged → scheduled → in_transit → delivered
       └──────────┴────────────┴→ cancelled

A supplier never cancels: one who gives an open order up before departure hands it back, and it is `placed`
with the next supplier, or cancelled by the system when none is left.
"""

from enum import StrEnum


class State(StrEnum):
    PLACED = "placed"
    ACKNOWLEDGED = "acknowledged"
    SCHEDULED = "scheduled"
    IN_TRANSIT = "in_transit"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


class Actor(StrEnum):
    CUSTOMER = "customer"
    SUPPLIER = "supplier"
    ADMIN = "admin"
    SYSTEM = "system"


BEFORE_DEPARTURE = frozenset({State.PLACED, State.ACKNOWLEDGED, State.SCHEDULED})
FINAL = frozenset({State.DELIVERED, State.CANCELLED})

_SUPPLIER = frozenset({Actor.SUPPLIER, Actor.ADMIN})
_CANCELLERS = frozenset({Actor.CUSTOMER, Actor.ADMIN, Actor.SYSTEM})

TRANSITIONS: dict[tuple[State, State], frozenset[Actor]] = {
    (State.PLACED, State.ACKNOWLEDGED): _SUPPLIER,
    (State.ACKNOWLEDGED, State.SCHEDULED): _SUPPLIER,
    (State.SCHEDULED, State.IN_TRANSIT): _SUPPLIER,
    (State.IN_TRANSIT, State.DELIVERED): _SUPPLIER,
    (State.PLACED, State.CANCELLED): _CANCELLERS,
    (State.ACKNOWLEDGED, State.CANCELLED): _CANCELLERS,
    (State.SCHEDULED, State.CANCELLED): _CANCELLERS,
}


def may_move(start: str, end: str, actor: str) -> bool:
    """Whether `actor` may take an order from `start` to `end`; unknown words may nothing."""
    try:
        return Actor(actor) in TRANSITIONS.get((State(start), State(end)), frozenset())
    except ValueError:
        return False


def sources_of(end: State, actor: Actor) -> list[str]:
    """The states from which `actor` may take an order to `end`, in the order of its life."""
    return [str(start) for start in State if actor in TRANSITIONS.get((start, end), frozenset())]


def next_states(start: str, actor: str) -> list[str]:
    """Where `actor` may take an order from `start`: what a page offers as buttons."""
    return [str(end) for end in State if may_move(start, end, actor)]
