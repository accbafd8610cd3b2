"""The minds of stored tanks: kept up with the readings, once, whoever works and in whatever order they came."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from common.mongo import collection
from common.redis import client
from common.time import utc_now
from notifications.models import Notification
from tanks import mind_queue, readings
from tanks.models import Alert, Mind, Tank
from tanks.readings import Reading, to_ms
from tanks.services.minds import minds_advance, minds_due
from tanks.services.reminders import alerts_remind
from tanks.services.tanks import tank_delete
from tanks.tasks import minds_advance as advance_task
from tanks.tasks import minds_sweep
from tests.tanks.water import Household

pytestmark = pytest.mark.django_db

KEPT_FULL = Household(days=16, refills=[(6.4, 2400), (12.4, 2450)])
LEAKING = Household(days=16, refills=[(6.4, 2400), (12.4, 2450)], leak=(12.0, 200.0))


def moment(seconds):
    return datetime.fromtimestamp(round(seconds * 1000) / 1000, UTC)


def store(tank, times, levels):
    readings.insert(
        [
            Reading(tank.series, moment(at), level, level * tank.capacity / 100)
            for at, level in zip(times, levels, strict=True)
        ]
    )


def advance(tank, now, oldest=None):
    return minds_advance(touched={tank.pk: to_ms(oldest) if oldest else None}, now=now)


@pytest.fixture
def home(tank):
    """Alice's tank as the household's: 4,000 litres."""
    tank.capacity = 4_000.0
    tank.save()
    return tank


def lived(tank, household):
    """All of the household's readings, thought through at once; and the moment of the last."""
    times, levels = household.readings()
    store(tank, times, levels)
    now = moment(times[-1])
    assert advance(tank, now) == {}
    return now


def test_the_first_look_replays_the_stored_history(home):
    now = lived(home, KEPT_FULL)
    mind = collection(Mind).find_one({"_id": home.pk})
    assert len(mind["days"]) == 15
    assert [row["liters"] for row in mind["refills"]] == pytest.approx([2400, 2450], rel=0.02)
    assert mind["clock"] == to_ms(now)
    home.refresh_from_db()
    assert home.avg_daily_usage == pytest.approx(430, rel=0.05)
    left = home.forecast["daysRemaining"]
    assert 0 < left["p10"] < left["p50"] < left["p90"]
    assert home.mind_due > now


def test_history_tells_nobody_but_stays_to_be_read(home):
    lived(home, Household(days=16, refills=[(8.4, 3200), (12.4, 2000)]))
    assert Alert.objects.filter(kind="low", is_open=False).count() == 1
    assert Notification.objects.count() == 0


def test_bit_by_bit_or_at_once_comes_to_the_same(home, alice):
    from tests.factories import TankFactory

    other = TankFactory(user=alice, capacity=4_000)
    now = lived(home, KEPT_FULL)
    times, levels = KEPT_FULL.readings()
    for start in range(0, len(times), 300):
        store(other, times[start : start + 300], levels[start : start + 300])
        advance(other, moment(times[min(start + 299, len(times) - 1)]))
    assert moment(times[-1]) == now
    first, second = (collection(Mind).find_one({"_id": one.pk}) for one in (home, other))
    assert (first["days"], first["refills"], first["clock"]) == (
        second["days"],
        second["refills"],
        second["clock"],
    )


def test_a_leak_is_told_once_with_its_evidence(home):
    now = lived(home, LEAKING)
    advance(home, now + timedelta(minutes=1))
    leak = Alert.objects.get(kind="leak")
    assert leak.is_open
    assert leak.evidence["litersPerDay"] == pytest.approx(200, rel=0.3)
    assert leak.evidence["from"].endswith("Z")
    assert Notification.objects.filter(message__contains="seems to leak").count() == 1


def test_a_leak_of_long_ago_alarms_nobody(home):
    times, levels = LEAKING.readings()
    store(home, times, levels)
    advance(home, moment(times[-1]) + timedelta(days=3))
    assert Alert.objects.filter(is_open=True).count() == 0
    assert Notification.objects.count() == 0
    home.refresh_from_db()
    assert home.forecast is None


def test_late_readings_are_taken_in_by_making_the_mind_anew(home):
    times, levels = KEPT_FULL.readings()
    gap = slice(480, 864)  # four days that come late
    kept = [i for i in range(len(times)) if not gap.start <= i < gap.stop]
    store(home, times[kept], levels[kept])
    now = moment(times[-1])
    advance(home, now)
    store(home, times[gap], levels[gap])
    later = now + timedelta(minutes=20)
    advance(home, later, oldest=moment(times[gap.start]))
    mind = collection(Mind).find_one({"_id": home.pk})
    assert not any(estimated for *_, estimated in mind["days"])
    assert (mind["made_at"], mind["remakes"]) == (later, 1)


def test_late_readings_wait_while_a_mind_was_just_made_and_longer_each_time(home):
    now = lived(home, KEPT_FULL)
    soon = now + timedelta(seconds=2)
    assert advance(home, soon, oldest=now - timedelta(days=3)) == {home.pk: now + timedelta(seconds=3)}
    assert collection(Mind).find_one({"_id": home.pk})["late"]
    home.refresh_from_db()
    assert home.mind_due == now + timedelta(seconds=3)
    remade = now + timedelta(seconds=4)
    assert advance(home, remade) == {}
    assert not collection(Mind).find_one({"_id": home.pk})["late"]
    assert advance(home, remade, oldest=now - timedelta(days=3)) == {home.pk: remade + timedelta(seconds=12)}


def test_a_history_sent_in_parts_long_after_it_happened_is_understood_whole(home):
    times, levels = KEPT_FULL.readings()
    now = moment(times[-1]) + timedelta(minutes=1)
    for turn, start in enumerate(range(0, len(times), 500)):
        store(home, times[start : start + 500], levels[start : start + 500])
        again = advance(home, now + timedelta(seconds=turn / 2), oldest=moment(times[start]))
    assert set(again) == {home.pk}
    advance(home, again[home.pk])
    mind = collection(Mind).find_one({"_id": home.pk})
    assert len(mind["days"]) == 15
    assert len(mind["refills"]) == 2


def test_a_report_a_little_late_is_not_late(home):
    times, levels = KEPT_FULL.readings()
    store(home, times[:-4], levels[:-4])
    now = moment(times[-4])
    advance(home, now)
    store(home, times[-4:], levels[-4:])
    assert advance(home, now + timedelta(hours=1), oldest=now) == {}
    assert not collection(Mind).find_one({"_id": home.pk})["late"]


def test_of_many_workers_one_writes_and_the_others_know_it(home):
    times, levels = KEPT_FULL.readings()
    store(home, times[:600], levels[:600])
    advance(home, moment(times[599]))
    store(home, times[600:700], levels[600:700])
    with ThreadPoolExecutor(4) as pool:
        beaten = list(pool.map(lambda _: advance(home, moment(times[699])), range(4)))
    assert any(not one for one in beaten)
    assert all(one in ({}, {home.pk: moment(times[699])}) for one in beaten)
    mind = collection(Mind).find_one({"_id": home.pk})
    assert mind["clock"] == to_ms(moment(times[699]))
    assert len(mind["days"]) == 7


def test_two_first_looks_at_once_make_one_mind(home):
    times, levels = KEPT_FULL.readings()
    store(home, times[:300], levels[:300])
    now = moment(times[299])
    with ThreadPoolExecutor(4) as pool:
        again = list(pool.map(lambda _: advance(home, now), range(4)))
    assert collection(Mind).count_documents({}) == 1
    assert {} in again


def test_a_mind_changed_meanwhile_is_left_as_it_is(home, monkeypatch):
    now = lived(home, KEPT_FULL)
    from tanks.services import minds

    think = minds._think

    def slow(*arguments):
        work = think(*arguments)
        collection(Mind).update_one({"_id": home.pk}, {"$set": {"version": 1, "clock": 7}})
        return work

    monkeypatch.setattr(minds, "_think", slow)
    later = now + timedelta(minutes=1)
    assert advance(home, later) == {home.pk: later}
    assert collection(Mind).find_one({"_id": home.pk})["clock"] == 7


def test_a_state_that_cannot_be_read_is_made_anew(home):
    now = lived(home, KEPT_FULL)
    collection(Mind).update_one({"_id": home.pk}, {"$set": {"state": b"\x93what"}})
    advance(home, now + timedelta(minutes=1))
    mind = collection(Mind).find_one({"_id": home.pk})
    assert (len(mind["days"]), mind["made_at"]) == (15, now + timedelta(minutes=1))


def test_a_state_that_makes_thinking_fail_is_made_anew(home):
    now = lived(home, KEPT_FULL)
    version, state = msgspec.msgpack.decode(collection(Mind).find_one({"_id": home.pk})["state"])
    broken = msgspec.msgpack.encode([version, {**state, "levels": ["what"] * len(state["levels"])}])
    collection(Mind).update_one({"_id": home.pk}, {"$set": {"state": broken, "outlook": None}})
    later = now + timedelta(minutes=1)
    advance(home, later)
    assert collection(Mind).find_one({"_id": home.pk})["made_at"] == later


def test_another_capacity_measures_all_days_anew(home):
    now = lived(home, KEPT_FULL)
    Tank.objects.filter(pk=home.pk).update(capacity=8_000)
    advance(home, now + timedelta(minutes=1))
    home.refresh_from_db()
    assert home.avg_daily_usage == pytest.approx(860, rel=0.05)


def test_readings_a_second_apart_cost_no_more_than_one_a_minute(home):
    start = datetime(2025, 5, 5, tzinfo=UTC)
    times = [start.timestamp() + second for second in range(600)]
    store(home, times, [50.0] * 600)
    advance(home, moment(times[-1]))
    assert len(collection(Mind).find_one({"_id": home.pk})["state"]) < 4_000


def test_a_refill_without_an_order_is_told_and_one_with_an_order_is_not(home, api, alice, sam):
    from orders.services import order_place

    household = Household(days=9, refills=[(4.4, 1500), (8.4, 2400)])
    times, levels = household.readings()
    store(home, times[:700], levels[:700])
    advance(home, moment(times[699]))
    store(home, times[700:], levels[700:])
    advance(home, moment(times[-1]))
    alert = Alert.objects.get(kind="unexpected_refill")
    assert (alert.severity, alert.is_open) == ("info", True)
    advance(home, moment(times[-1]) + timedelta(days=4))
    alert.refresh_from_db()
    assert not alert.is_open
    Alert.objects.all().delete()
    collection(Mind).delete_many({})
    order = order_place(user=alice, tank=home, amount=1_000)
    type(order).objects.filter(pk=order.pk).update(order_date=moment(times[690]))
    for part in (slice(0, 700), slice(700, None)):
        readings.delete_all([home.series])
        store(home, times[: part.stop], levels[: part.stop])
        advance(home, moment(times[: part.stop][-1]))
    refill = collection(Mind).find_one({"_id": home.pk})["refills"][-1]
    assert refill["orderId"] == str(order.pk)
    delivery = api(alice).get(f"/api/orders/{order.pk}").json()["delivery"]
    assert delivery["measuredLiters"] == refill["liters"]
    assert Alert.objects.filter(kind="unexpected_refill").count() == 0


def test_a_tank_never_read_costs_a_look_a_day(home):
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert minds_due() == [home.pk]
    advance(home, now)
    home.refresh_from_db()
    assert home.mind_due == now + timedelta(days=1)
    assert collection(Mind).count_documents({}) == 0


def test_a_deleted_tank_takes_its_mind_along(home):
    lived(home, KEPT_FULL)
    tank_delete(tank=home)
    assert collection(Mind).count_documents({}) == 0


def test_the_queue_holds_a_tank_once_with_its_oldest_reading(home):
    now = datetime(2026, 1, 1, tzinfo=UTC)
    for hours in (2, 5, 1):
        mind_queue.minds_touch([home.pk], {home.pk: now - timedelta(hours=hours)})
    mind_queue.minds_touch([home.pk], {})
    assert mind_queue.minds_take(limit=10) == {home.pk: to_ms(now - timedelta(hours=5))}
    assert mind_queue.minds_take(limit=10) == {}


def test_touches_that_nobody_takes_do_not_pile_up(home, monkeypatch):
    monkeypatch.setattr(mind_queue, "TOUCHES_KEPT", 5)
    for _ in range(20):
        mind_queue.minds_touch([home.pk], {})
    assert client().llen(mind_queue.TOUCHED) == 5
    assert mind_queue.minds_take(limit=10) == {home.pk: None}
    assert client().llen(mind_queue.TOUCHED) == 0


def test_one_task_works_at_a_time_and_leaves_none_behind(home):
    mind_queue.minds_put({home.pk: utc_now()})
    assert mind_queue.minds_begin()
    advance_task()
    assert client().zcard(mind_queue.DUE) == 1
    mind_queue.minds_end()
    assert client().get(mind_queue.KICKED)
    advance_task()
    assert client().zcard(mind_queue.DUE) == 0
    assert not client().exists(mind_queue.BUSY, mind_queue.KICKED)


def test_what_is_due_later_neither_runs_now_nor_keeps_others_waiting(home):
    mind_queue.minds_put({home.pk: utc_now() + timedelta(seconds=30)})
    advance_task()
    assert client().zcard(mind_queue.DUE) == 1
    assert 25_000 < client().pttl(mind_queue.ALARM) <= 30_000
    assert not client().exists(mind_queue.KICKED)


def test_the_sweep_finds_tanks_that_nobody_told_of(home):
    minds_sweep()
    assert mind_queue.minds_take(limit=10) == {home.pk: None}


def test_an_open_alert_is_told_again_unless_it_was_seen_or_snoozed(home):
    now = lived(home, LEAKING)
    Alert.objects.exclude(kind="leak").delete()
    Alert.objects.update(notified_at=now)
    assert alerts_remind(now=now + timedelta(hours=47)) == 0
    later = now + timedelta(hours=49)
    assert alerts_remind(now=later) == 1
    assert alerts_remind(now=later) == 0
    assert Notification.objects.filter(message__contains="has lasted since").count() == 1
    Alert.objects.update(notified_at=now, snoozed_until=later + timedelta(hours=1))
    assert alerts_remind(now=later) == 0
    assert alerts_remind(now=later + timedelta(hours=2)) == 1
    Alert.objects.update(notified_at=now, snoozed_until=None, acknowledged_at=now)
    assert alerts_remind(now=later) == 0
