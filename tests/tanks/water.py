"""A small, exact household for the mind's tests: its draws and refills are set, its sensor's noise seeded."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

MONDAY = 1_746_403_200.0  # 2025-05-05 00:00 UTC
DAY, HOUR, QUARTER = 86400.0, 3600.0, 900.0


@dataclass
class Household:
    """4,000 L tank, 2 m high, read every quarter of an hour; 400 L a day in draws at set hours."""

    days: int = 20
    capacity: float = 4000.0
    start_litres: float = 3800.0
    noise_mm: float = 1.5
    leak: tuple[float, float] | None = None  # (day it begins, litres a day)
    refills: list[tuple[float, float]] = field(default_factory=list)  # (day, litres), in twenty minutes
    away: tuple[int, int] | None = None  # first day and the day after the last
    seed: int = 7

    def true_use(self, day: int) -> float:
        if self.away and self.away[0] <= day < self.away[1]:
            return 0.0
        return sum(litres for _, litres in self.draws(day))

    def draws(self, day: int) -> list[tuple[float, float]]:
        """(hour, litres), each drawn in ten minutes; weekends use a quarter more."""
        if self.away and self.away[0] <= day < self.away[1]:
            return []
        rng = np.random.default_rng(self.seed * 1000 + day)
        more = 1.25 if day % 7 >= 5 else 1.0
        hours = (6.5, 7.2, 8.1, 12.5, 15.3, 18.2, 19.4, 20.6, 22.1)
        return [(hour, 44.4 * more * rng.uniform(0.8, 1.2)) for hour in hours]

    def readings(self, *, every: float = QUARTER) -> tuple[np.ndarray, np.ndarray]:
        """Times (seconds) and levels (percent)."""
        minutes = np.arange(self.days * 1440)
        flow = np.zeros(len(minutes))
        for day in range(self.days):
            for hour, litres in self.draws(day):
                at = int(day * 1440 + hour * 60)
                flow[at : at + 10] -= litres / 10
        if self.leak:
            flow[int(self.leak[0] * 1440) :] -= self.leak[1] / 1440
        for day, litres in self.refills:
            at = int(day * 1440)
            flow[at : at + 20] += litres / 20
        level = np.clip((self.start_litres + np.cumsum(flow)) / self.capacity * 100, 0, 100)
        step = int(every // 60)
        level = level[::step]
        noise = np.random.default_rng(self.seed).normal(0, self.noise_mm / 20, len(level))
        return MONDAY + minutes[::step] * 60.0, np.round(level + noise, 3)
