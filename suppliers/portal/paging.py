"""One page of a list."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Row = TypeVar("Row")
PAGE_SIZE = 20


@dataclass(frozen=True)
class Page(Generic[Row]):
    rows: Sequence[Row]
    count: int
    number: int

    @property
    def previous(self) -> int | None:
        return self.number - 1 if self.number > 1 else None

    @property
    def next(self) -> int | None:
        return self.number + 1 if self.number < last_page(self.count) else None

    @property
    def first_shown(self) -> int:
        return (self.number - 1) * PAGE_SIZE + 1 if self.count else 0

    @property
    def last_shown(self) -> int:
        return min(self.number * PAGE_SIZE, self.count)


def last_page(count: int) -> int:
    return max(1, -(-count // PAGE_SIZE))


def page_within(number: int, count: int) -> int:
    """The page that is asked for, or the nearest there is."""
    return min(max(1, number), last_page(count))


def page_number(text: str) -> int:
    """What a query string says; 1 where it is no sensible number."""
    return int(text) if text.isdecimal() and len(text) < 7 else 1


def search_text(text: str) -> str:
    """What a person typed to search for, without what no name holds (MongoDB refuses a null byte)."""
    return text.replace("\0", "").strip()[:100]
