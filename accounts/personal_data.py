"""Who holds what about a person. Apps above register a holder in `AppConfig.ready`; accounts knows none of them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from bson import ObjectId

Export = Callable[[ObjectId], Iterable[Any]]


def _nothing(user_id: ObjectId) -> None:
    """Nothing to refuse or erase."""


@dataclass(frozen=True)
class Holder:
    """One kind of data about people, by the user's id.

    `export` yields what is held, ready to be shown; `erase` removes what is personal, and may run again after a
    crash; `refuse` raises DomainError (409) while the person cannot be forgotten yet.
    """

    name: str
    export: Export
    erase: Callable[[ObjectId], None] = _nothing
    refuse: Callable[[ObjectId], None] = _nothing


_holders: dict[str, Holder] = {}


def holders_register(new: Iterable[Holder]) -> None:
    _holders.update({holder.name: holder for holder in new})


def holders() -> list[Holder]:
    """All holders, in the order they registered: lower apps first."""
    return list(_holders.values())
