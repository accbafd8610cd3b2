"""The admin's own record of changes, and periodic tasks in the same design."""

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django_celery_beat.admin import ClockedScheduleAdmin as BeatClockedAdmin
from django_celery_beat.admin import CrontabScheduleAdmin as BeatCrontabAdmin
from django_celery_beat.admin import PeriodicTaskAdmin as BeatTaskAdmin
from django_celery_beat.admin import PeriodicTaskForm, TaskSelectWidget
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from common.admin import OperatorAdmin, ReadOnlyAdmin

admin.site.index_title = "Overview"

for model in (ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule):
    admin.site.unregister(model)


class TaskSelect(UnfoldAdminSelectWidget, TaskSelectWidget):  # type: ignore[misc]
    """The tasks there are, to choose from."""


class TaskForm(PeriodicTaskForm):  # type: ignore[misc]
    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self.fields["task"].widget = UnfoldAdminTextInputWidget()
        self.fields["regtask"].widget = TaskSelect()


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(BeatTaskAdmin, OperatorAdmin):  # type: ignore[misc]
    form = TaskForm
    change_form_template = None  # beat's own has an inline script, and cannot write ObjectIds


@admin.register(IntervalSchedule, SolarSchedule)
class ScheduleAdmin(OperatorAdmin):
    pass


@admin.register(CrontabSchedule)
class CrontabScheduleAdmin(BeatCrontabAdmin, OperatorAdmin):  # type: ignore[misc]
    pass


@admin.register(ClockedSchedule)
class ClockedScheduleAdmin(BeatClockedAdmin, OperatorAdmin):  # type: ignore[misc]
    pass


@admin.register(LogEntry)
class LogEntryAdmin(ReadOnlyAdmin):
    list_display = ("action_time", "user", "object_repr", "action_flag")
    list_filter = ("action_flag",)
    list_select_related = ("user",)
    search_fields = ("object_repr", "user__email")
    ordering = ("-action_time",)
    fields = (
        "action_time",
        "user",
        "content_type",
        "object_id",
        "object_repr",
        "action_flag",
        "change_message",
    )
