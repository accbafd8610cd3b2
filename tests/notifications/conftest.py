import pytest


@pytest.fixture
def celery_inline():
    """Queued tasks run at once, in this process."""
    from config.celery import app

    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = False
