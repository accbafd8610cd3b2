"""The Celery app: tasks live in each app's `tasks.py`, the periodic ones are listed in `config/schedule.py`."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("water_tanks")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
