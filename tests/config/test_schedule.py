"""The table of periodic tasks, in the database as the scheduler reads it."""

import pytest
from django_celery_beat.models import CrontabSchedule, PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler

from config.celery import app
from config.schedule import PERIODIC, schedule_sync

pytestmark = pytest.mark.django_db


def stored():
    return {row.name: (row.task, row.interval.every) for row in PeriodicTask.objects.exclude(interval=None)}


def table():
    return {name: (periodic.task, int(periodic.every.total_seconds())) for name, periodic in PERIODIC.items()}


def test_every_task_of_the_table_exists():
    app.autodiscover_tasks(force=True)
    assert {periodic.task for periodic in PERIODIC.values()} <= set(app.tasks)


def test_migrate_has_brought_the_table_in():
    assert stored() == table()


def test_a_second_sync_changes_nothing():
    before = list(PeriodicTask.objects.values())
    schedule_sync()
    assert list(PeriodicTask.objects.values()) == before


def test_what_left_the_table_goes_and_what_an_operator_added_stays(monkeypatch):
    name, periodic = next(iter(PERIODIC.items()))
    crontab = CrontabSchedule.objects.create(minute="0", hour="3")
    PeriodicTask.objects.create(name="mine", task="x", crontab=crontab)
    monkeypatch.setitem(PERIODIC, "Passing", periodic)
    schedule_sync()
    assert PeriodicTask.objects.filter(name="Passing").exists()
    monkeypatch.delitem(PERIODIC, "Passing")
    PeriodicTask.objects.filter(name=name).update(enabled=False)
    schedule_sync()
    assert not PeriodicTask.objects.filter(name="Passing").exists()
    assert PeriodicTask.objects.filter(name="mine").exists()
    assert PeriodicTask.objects.get(name=name).enabled is False
    PeriodicTask.objects.filter(name=name).update(enabled=True)


def test_beat_reads_intervals_and_crontabs_of_any_zone():
    crontab = CrontabSchedule.objects.create(minute="*/5", hour="*", timezone="Asia/Kolkata")
    PeriodicTask.objects.create(name="mine", task="x", crontab=crontab)
    scheduler = DatabaseScheduler(app=app, lazy=True)
    assert {row.name for row in scheduler.enabled_models()} >= {"mine", *PERIODIC}
