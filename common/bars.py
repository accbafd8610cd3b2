"""Amounts day by day as bars: pure geometry, turned into SVG by a template."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from math import ceil, floor, log10

from common.charts import Tick

LEFT, RIGHT, TOP, BOTTOM = 46.0, 16.0, 10.0, 24.0
GAP_SHARE = 0.25  # of a day's width
TICKS = 4


@dataclass(frozen=True)
class Amount:
    """Litres of one day; `estimated` where too little of it was measured."""

    day: date
    liters: float
    estimated: bool = False


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    amount: Amount

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 1)


@dataclass
class BarDrawing:
    """Positions in the units of a `width` × `height` box."""

    name: str
    width: int
    height: int
    bars: list[Bar] = field(default_factory=list)
    ticks: list[Tick] = field(default_factory=list)
    days: list[Tick] = field(default_factory=list)
    average: float | None = None
    readings: list[tuple[float, float, str]] = field(default_factory=list)

    left, top = LEFT, TOP
    label_x = LEFT - 6

    @property
    def right(self) -> float:
        return self.width - RIGHT

    @property
    def bottom(self) -> float:
        return self.height - BOTTOM


def draw_bars(
    amounts: Sequence[Amount], *, average: float | None, name: str, width: int, height: int, most_ticks: int
) -> BarDrawing:
    """Bars of the days, oldest first; a day that is missing leaves its place empty."""
    drawing = BarDrawing(name=name, width=width, height=height)
    if not amounts:
        return drawing
    step = round_step(max([amount.liters for amount in amounts] + [average or 0.0]))
    top = step * max(1, ceil(max(amount.liters for amount in amounts) / step))
    first = amounts[0].day.toordinal()
    count = amounts[-1].day.toordinal() - first + 1
    day_width = (width - LEFT - RIGHT) / count

    def y(liters: float) -> float:
        return round(TOP + (1 - max(liters, 0.0) / top) * (height - TOP - BOTTOM), 1)

    for amount in amounts:
        place = amount.day.toordinal() - first
        x = LEFT + (place + GAP_SHARE / 2) * day_width
        at = y(amount.liters)
        drawing.bars.append(
            Bar(
                round(x, 1),
                at,
                round(day_width * (1 - GAP_SHARE), 1),
                round(drawing.bottom - at, 1),
                amount,
            )
        )
    drawing.ticks = [Tick(y(value * step), f"{value * step:,.0f}") for value in range(round(top / step) + 1)]
    every = ceil(count / most_ticks)
    drawing.days = [
        Tick(bar.middle, f"{bar.amount.day:%-d %b}")
        for bar in drawing.bars
        if (amounts[-1].day.toordinal() - bar.amount.day.toordinal()) % every == 0
    ]
    drawing.average = y(average) if average is not None else None
    drawing.readings = [(bar.middle, bar.y, in_words(bar.amount)) for bar in drawing.bars]
    return drawing


def in_words(amount: Amount) -> str:
    return f"{amount.day:%a %-d %b} · {amount.liters:,.0f} L" + (" (estimated)" if amount.estimated else "")


def round_step(largest: float) -> float:
    """A round step (1, 2 or 5 times a power of ten) of which about TICKS reach the largest value."""
    rough = max(largest, 1.0) / TICKS
    power: float = 10.0 ** floor(log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
