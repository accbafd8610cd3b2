"""Answers kept for repeated requests: MongoDB removes them two days after the first."""

from django.db import migrations

KEPT_SECONDS = 2 * 86_400


def forwards(apps, schema_editor):
    keys = schema_editor.connection.database["idempotency_keys"]
    keys.create_index("created_at", name="idempotency_expiry", expireAfterSeconds=KEPT_SECONDS)


def backwards(apps, schema_editor):
    schema_editor.connection.database["idempotency_keys"].drop()


class Migration(migrations.Migration):
    dependencies = []
    operations = [migrations.RunPython(forwards, backwards)]
