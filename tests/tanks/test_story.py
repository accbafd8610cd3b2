"""A tank's charts: the geometry of fan and bars, and what the pages show of a mind."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.bars import Amount, draw_bars, round_step
from common.charts import Level, Outlook, Story, draw
from common.time import utc_now
from tanks.messages import CLOSED, NUMBERS, OPENED, in_numbers
from tanks.models import AlertKind
from tanks.services.alerts import alert_open
from tanks.services.minds import minds_advance
from tests.tanks.test_minds import store
from tests.tanks.water import DAY, MONDAY, Household

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def drawn(fan, *, likely=NOON + timedelta(days=3)):
    story = Story(
        points=[(NOON - timedelta(days=9), 80.0), (NOON, 30.0)],
        start=NOON - timedelta(days=10),
        end=NOON,
        gap=timedelta(days=20),
        zone=UTC,
        outlook=Outlook(NOON + timedelta(days=2), likely, NOON + timedelta(days=4)),
        fan=fan,
    )
    return draw(story, name="wide", width=760, height=260, most_ticks=8)


def points(path):
    return [tuple(map(float, pair.split(","))) for pair in path.split()]


def test_the_fan_begins_at_the_newest_level_and_widens_along_the_levels_to_come():
    fan = [Level(NOON + timedelta(days=day), 30 - 12 * day, 30 - 9 * day, 30 - 6 * day) for day in range(4)]
    drawing = drawn(fan)
    corners = points(drawing.fan)
    assert corners[0] == corners[-1] == points(drawing.lines[0])[-1]
    assert [x for x, _ in corners] == sorted(x for x, _ in corners[: len(corners) // 2]) + sorted(
        (x for x, _ in corners[len(corners) // 2 :]), reverse=True
    )
    assert len(points(drawing.median)) == len(corners) // 2


def test_the_likely_way_ends_where_the_tank_is_empty():
    rows = [(30, 30, 30), (10, 15, 20), (0, 0, 10), (0, 0, 1), (0, 0, 0)]
    fan = [Level(NOON + timedelta(days=day), *row) for day, row in enumerate(rows)]
    assert len(points(drawn(fan).median)) == 3


@given(st.floats(min_value=0, max_value=1e7))
def test_steps_are_round_and_few(largest):
    step = round_step(largest)
    assert float(f"{step:.0e}") == pytest.approx(step)
    assert largest <= 4 * step * (1 + 1e-9)
    assert step <= max(largest, 1.0) / 4 * 2.5 * (1 + 1e-9)


@given(
    st.dictionaries(st.integers(740_000, 740_090), st.floats(0, 1e6), min_size=1, max_size=60),
    st.sampled_from([(760, 190), (360, 180)]),
)
def test_bars_stay_inside_apart_and_in_proportion(litres, size):
    amounts = [Amount(date.fromordinal(day), litres[day]) for day in sorted(litres)]
    drawing = draw_bars(amounts, average=None, name="b", width=size[0], height=size[1], most_ticks=6)
    assert len(drawing.bars) == len(amounts)
    assert len(drawing.days) <= 7
    for bar in drawing.bars:
        assert drawing.left <= bar.x <= bar.x + bar.width <= drawing.right + 0.2
        assert drawing.top - 0.1 <= bar.y <= drawing.bottom
    for before, after in zip(drawing.bars, drawing.bars[1:], strict=False):
        assert before.x + before.width <= after.x + 0.2


def test_no_days_make_no_bars():
    assert draw_bars([], average=None, name="b", width=360, height=180, most_ticks=6).bars == []


def test_every_kind_of_alert_has_its_words():
    kinds = {str(kind) for kind in AlertKind}
    assert set(OPENED) == set(CLOSED) == set(NUMBERS) == kinds
    assert in_numbers(kind="leak", evidence={"litersPerDay": 228.4, "nights": 2}) == (
        "about 228 litres a day beyond use, seen over 2 nights"
    )
    assert all(in_numbers(kind=kind, evidence={"from": "2026-06-01"}) for kind in kinds)
    assert in_numbers(kind="low", evidence={}) == ""


@pytest.fixture
def lived(tank, sam):
    tank.capacity = 4_000.0
    tank.supplier_ids = [sam.pk]
    tank.save()
    times, levels = Household(days=16, refills=[(6.4, 2400), (12.4, 2450)]).readings()
    store(tank, times - MONDAY + utc_now().timestamp() // DAY * DAY - 16 * DAY, levels)
    minds_advance(touched={tank.pk: None}, now=utc_now())
    alert_open(
        tank=tank,
        kind="leak",
        severity="warning",
        evidence={"litersPerDay": 90.0, "nights": 3},
        opened_at=utc_now() - timedelta(days=1),
    )
    return tank


@pytest.mark.django_db
def test_the_portal_shows_fan_refills_losses_and_daily_use(client, sam, lived):
    client.force_login(sam)
    text = client.get(f"/portal/tanks/{lived.pk}?range=30d").text
    for sign in (
        'class="fan"',
        'class="median"',
        'class="span"',
        'class="bar"',
        "Refill of 2,4",
        "Daily use",
    ):
        assert sign in text
    assert "About 90 litres a day beyond use, seen over 3 nights" in text


@pytest.mark.django_db
def test_an_operator_sees_the_same_charts(client, ada, lived):
    client.force_login(ada)
    text = client.get(f"/admin/tanks/tank/{lived.pk}/change/").text
    assert 'class="fan"' in text
    assert 'class="bar"' in text
