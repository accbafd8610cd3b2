"""The stored part of a forecast that decisions need. Pure, and without the mathematics that made it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# The share of the futures in which the tank is empty by each of the curve's days.
CURVE_SHARES = (0.0002, 0.0005, 0.001, 0.002, 0.005, *(share / 100 for share in range(1, 100)))


@dataclass(frozen=True, slots=True)
class Outlook:
    """Days to empty as of `made_at` (seconds since the epoch), by CURVE_SHARES, increasing."""

    made_at: float
    curve: Sequence[float]

    @classmethod
    def from_document(cls, document: Mapping[str, Any] | None) -> Outlook | None:
        """None without one, or where the curve has other shares."""
        if not document or len(document["curve"]) != len(CURVE_SHARES):
            return None
        return cls(document["made_at"], document["curve"])

    def chance_empty_within(self, days: float) -> float:
        """Probability of an empty tank within so many days of `made_at`, between 0 and 1."""
        place = bisect_right(self.curve, days)
        if place == 0:
            return 0.0
        share = CURVE_SHARES[place - 1]
        if place == len(self.curve):
            return share
        before, after = self.curve[place - 1], self.curve[place]
        return share + (CURVE_SHARES[place] - share) * (days - before) / (after - before)
