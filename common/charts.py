"""A tank's level over time as a drawing: pure geometry, turned into SVG by a template."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo

LEFT, RIGHT, TOP, BOTTOM = 34.0, 12.0, 12.0, 24.0
FULL = 100.0
DAY = timedelta(days=1)
LEVEL_TICKS = (0, 25, 50, 75, 100)


@dataclass(frozen=True)
class Mark:
    """Something that happened at a time: a refill or an alert, told in `text`."""

    at: datetime
    text: str
    level: float | None = None
    kind: str = ""


@dataclass(frozen=True)
class Threshold:
    level: float
    name: str
    kind: str = ""


@dataclass(frozen=True)
class Outlook:
    """When the tank is expected to be empty: early, likely and late (10th, 50th and 90th percentile)."""

    early: datetime
    likely: datetime
    late: datetime


@dataclass(frozen=True)
class Level:
    """A level expected at a time: low, likely and high (10th, 50th and 90th percentile), in percent."""

    at: datetime
    low: float
    likely: float
    high: float


@dataclass(frozen=True)
class Story:
    """What is drawn. `points` are (time, percent), oldest first; a pause longer than `gap` breaks the line.

    `fan` are the levels to come, in order of time; without them the outlook is drawn by straight lines. `spans`
    are times of trouble, each with its words.
    """

    points: Sequence[tuple[datetime, float]]
    start: datetime
    end: datetime
    gap: timedelta
    zone: tzinfo
    thresholds: Sequence[Threshold] = ()
    refills: Sequence[Mark] = ()
    alerts: Sequence[Mark] = ()
    outlook: Outlook | None = None
    fan: Sequence[Level] = ()
    spans: Sequence[tuple[datetime, datetime, str]] = ()


@dataclass(frozen=True)
class Tick:
    position: float
    text: str


@dataclass
class Drawing:
    """Positions in the units of a `width` × `height` box, rounded to what can be seen."""

    name: str
    width: int
    height: int
    lines: list[str] = field(default_factory=list)
    areas: list[str] = field(default_factory=list)
    level_ticks: list[Tick] = field(default_factory=list)
    time_ticks: list[Tick] = field(default_factory=list)
    thresholds: list[tuple[float, Threshold]] = field(default_factory=list)
    refills: list[tuple[float, float, Mark]] = field(default_factory=list)
    alerts: list[tuple[float, Mark]] = field(default_factory=list)
    spans: list[tuple[float, float, str]] = field(default_factory=list)
    fan: str = ""
    median: str = ""
    now: float | None = None
    readings: list[tuple[float, float, str]] = field(default_factory=list)

    @property
    def left(self) -> float:
        return LEFT

    @property
    def label_x(self) -> float:
        return LEFT - 6

    @property
    def right(self) -> float:
        return self.width - RIGHT

    @property
    def top(self) -> float:
        return TOP

    @property
    def bottom(self) -> float:
        return self.height - BOTTOM

    @property
    def inner(self) -> float:
        return self.bottom - self.top

    @property
    def alert_y(self) -> float:
        return self.bottom - 10


def draw(story: Story, *, name: str, width: int, height: int, most_ticks: int) -> Drawing:
    """The drawing of a story in a box of that size."""
    drawing = Drawing(name=name, width=width, height=height)
    last = _horizon(story)
    span = max((last - story.start).total_seconds(), 1.0)

    def x(at: datetime) -> float:
        share = (at - story.start).total_seconds() / span
        return round(LEFT + min(max(share, 0.0), 1.0) * (width - LEFT - RIGHT), 1)

    def y(level: float) -> float:
        share = min(max(level, 0.0), FULL) / FULL
        return round(TOP + (1 - share) * (height - TOP - BOTTOM), 1)

    for run in _runs(story.points, story.gap):
        path = " ".join(f"{x(at)},{y(level)}" for at, level in run)
        drawing.lines.append(path)
        drawing.areas.append(f"{x(run[0][0])},{y(0)} {path} {x(run[-1][0])},{y(0)}")
    drawing.readings = [
        (x(at), y(level), f"{at.astimezone(story.zone):%a %-d %b, %H:%M} · {level:.1f} %")
        for at, level in story.points
    ]
    drawing.level_ticks = [Tick(y(level), str(level)) for level in LEVEL_TICKS]
    drawing.time_ticks = [
        Tick(x(at), text) for at, text in time_ticks(story.start, last, story.zone, most_ticks)
    ]
    drawing.thresholds = [(y(threshold.level), threshold) for threshold in story.thresholds]
    drawing.refills = [(x(mark.at), y(mark.level or 0), mark) for mark in story.refills]
    drawing.alerts = [(x(mark.at), mark) for mark in story.alerts if story.start <= mark.at <= last]
    drawing.spans = [
        (x(begin), round(max(x(end) - x(begin), 2.0), 1), text)
        for begin, end, text in story.spans
        if end > story.start
    ]
    if story.outlook and story.points:

        def place(at: datetime, level: float) -> str:
            return f"{x(at)},{y(level)}"

        if story.fan:
            _draw_fan(drawing, story.fan, story.points[-1], last, place)
        else:
            _draw_outlook(drawing, story.outlook, story.points[-1], last, place)
        drawing.now = x(story.end)
    return drawing


def _draw_fan(
    drawing: Drawing,
    fan: Sequence[Level],
    newest: tuple[datetime, float],
    last: datetime,
    place: Callable[[datetime, float], str],
) -> None:
    """From the newest level on through the levels to come, as far as `last`."""
    at, level = newest
    ways = [Level(at, level, level, level), *(one for one in fan if one.at > at)]
    shown = [one for one in ways if one.at <= last]
    beyond = ways[len(shown) : len(shown) + 1]
    if beyond and last > shown[-1].at:
        shown.append(_between(shown[-1], beyond[0], last))
    low = [place(one.at, one.low) for one in shown]
    high = [place(one.at, one.high) for one in reversed(shown)]
    drawing.fan = " ".join([*low, *high])
    filled = sum(one.likely > 0 for one in shown)  # it ends where the tank does
    drawing.median = " ".join(place(one.at, one.likely) for one in shown[: filled + 1])


def _between(before: Level, after: Level, at: datetime) -> Level:
    share = (at - before.at) / (after.at - before.at)

    def mixed(one: float, other: float) -> float:
        return one + share * (other - one)

    return Level(
        at,
        mixed(before.low, after.low),
        mixed(before.likely, after.likely),
        mixed(before.high, after.high),
    )


def _draw_outlook(
    drawing: Drawing,
    outlook: Outlook,
    newest: tuple[datetime, float],
    last: datetime,
    place: Callable[[datetime, float], str],
) -> None:
    """Straight ways from the newest level to empty; those that go on beyond `last` end at its edge."""
    at, level = newest

    def end_of(empty_at: datetime) -> str:
        if empty_at <= max(last, at):
            return place(empty_at, 0)
        return place(last, level * (1 - (last - at) / (empty_at - at)))

    corner = place(last, 0) if outlook.early <= last < outlook.late else ""
    drawing.fan = f"{place(at, level)} {end_of(outlook.early)} {corner} {end_of(outlook.late)}"
    drawing.median = f"{place(at, level)} {end_of(outlook.likely)}"


def _horizon(story: Story) -> datetime:
    """How far the time axis goes: with an outlook, into the future by up to half of the past shown."""
    if not story.outlook or not story.points:
        return story.end
    furthest = story.end + (story.end - story.start) / 2
    return min(max(story.outlook.late, story.end + DAY / 6), furthest)


def _runs(points: Sequence[tuple[datetime, float]], gap: timedelta) -> list[list[tuple[datetime, float]]]:
    runs: list[list[tuple[datetime, float]]] = []
    for point in points:
        if runs and point[0] - runs[-1][-1][0] <= gap:
            runs[-1].append(point)
        else:
            runs.append([point])
    return runs


def time_ticks(start: datetime, end: datetime, zone: tzinfo, most: int) -> list[tuple[datetime, str]]:
    """At most `most` round local times between, with their texts: hours within two days, else days."""
    span = end - start
    if span <= 2.5 * DAY:
        step = next(hours for hours in (1, 2, 3, 4, 6, 12, 24, 48) if span / timedelta(hours=hours) <= most)
        first = start.astimezone(zone).replace(minute=0, second=0, microsecond=0)
        at = first - timedelta(hours=first.hour % step) + timedelta(hours=step)
        length, pattern = timedelta(hours=step), "%H:%M"
    else:
        step = next((days for days in (1, 2, 3, 5, 7, 10, 14, 21, 30) if span / (days * DAY) <= most), 60)
        at = start.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0) + DAY
        length, pattern = step * DAY, "%-d %b"
    ticks = []
    while at < end:
        if at > start:
            ticks.append((at, f"{at:{pattern}}"))
        at += length
    return ticks
