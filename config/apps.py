"""Django's and celery-beat's own apps, with ObjectId keys: their migrations live in config/mongo_migrations."""

from django.apps import AppConfig, apps
from django.contrib.admin.apps import AdminConfig
from django.contrib.auth.apps import AuthConfig
from django.contrib.contenttypes.apps import ContentTypesConfig
from django.db.models.signals import post_migrate
from django_celery_beat.apps import BeatConfig

OBJECT_ID = "django_mongodb_backend.fields.ObjectIdAutoField"


class MongoAdminConfig(AdminConfig):
    default_auto_field = OBJECT_ID


class MongoAuthConfig(AuthConfig):
    default_auto_field = OBJECT_ID


class MongoContentTypesConfig(ContentTypesConfig):
    default_auto_field = OBJECT_ID


class MongoBeatConfig(BeatConfig):
    default_auto_field = OBJECT_ID


class ProjectConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        # Registers the system checks, and makes the Celery app the one that `shared_task` uses.
        from config import celery, checks, schedule  # noqa: F401

        post_migrate.connect(schedule.schedule_sync, sender=apps.get_app_config("django_celery_beat"))
