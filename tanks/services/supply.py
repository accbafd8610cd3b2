"""What tanks ask about water on its way. Orders, of an app above, answer: they register themselves at start."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple, Protocol

from bson import ObjectId

from common.mongo import Document


class Delivery(NamedTuple):
    """An order, and between which times its water may be seen to come in (`end` None: it is still open)."""

    order_id: ObjectId
    start: datetime
    end: datetime | None

    def explains(self, at: datetime) -> bool:
        return self.start <= at and (self.end is None or at <= self.end)


class Supply(Protocol):
    def lead_days(self, tank: Document) -> float | None:
        """Days until the tank's next possible delivery; None when nobody serves it. Needs user, supplier, capacity."""

    def deliveries(
        self, tank_ids: Collection[ObjectId], since: datetime
    ) -> Mapping[ObjectId, list[Delivery]]:
        """The deliveries to these tanks that are open or ended after `since`."""

    def measured(self, liters: Mapping[ObjectId, float]) -> None:
        """What a tank's sensor saw come in, by order. Told again when more of it was seen."""


class NoSupply:
    """Without orders nothing is ever delivered."""

    def lead_days(self, tank: Document) -> float | None:
        return None

    def deliveries(
        self, tank_ids: Collection[ObjectId], since: datetime
    ) -> Mapping[ObjectId, list[Delivery]]:
        return {}

    def measured(self, liters: Mapping[ObjectId, float]) -> None:
        """Nobody asked."""


_supply: list[Supply] = [NoSupply()]


def supply() -> Supply:
    return _supply[-1]


def supply_register(one: Supply) -> None:
    """Called once, when the app that knows of orders starts."""
    _supply[:] = [one]
