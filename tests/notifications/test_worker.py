"""The real chain: a notification told here, sent by a Celery worker process."""

import os
import subprocess
import sys
import time

import pytest
from django.db import connection

from notifications.models import Notification
from notifications.services import notify


@pytest.fixture
def worker(db, tmp_path, settings):
    """A prefork worker on the tests' servers and database."""
    environment = {
        **os.environ,
        "MONGODB_NAME": connection.settings_dict["NAME"],
        "VAR_DIR": str(tmp_path),
        "PYTHONWARNINGS": "default",
    }
    command = [sys.executable, "-m", "celery", "-A", "config.celery", "worker", "-c", "2", "-l", "INFO"]
    log_path = tmp_path / "worker.log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            [*command, "--without-mingle"], env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        yield log_path
        process.terminate()
        process.wait(20)


def test_a_worker_process_sends_the_mail(worker, alice, tmp_path):
    notification = notify(user_id=alice.pk, type="system", message="The water is fine.", key="worker:1")
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if Notification.objects.get(pk=notification.pk).sent_via:
            break
        time.sleep(0.1)
    assert Notification.objects.get(pk=notification.pk).sent_via == ["email"]
    assert len(list((tmp_path / "outbox").glob("*.eml"))) == 1
    assert "fork" not in worker.read_text().lower().replace("forkpool", "").replace("prefork", "")
