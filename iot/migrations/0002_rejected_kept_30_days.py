"""Rejected messages go after 30 days."""

from django.db import migrations

SECONDS = 30 * 86_400


def create(apps, schema_editor):
    schema_editor.connection.database["iot_rejectedmessage"].create_index(
        "at", name="rejected_ttl", expireAfterSeconds=SECONDS
    )


def drop(apps, schema_editor):
    schema_editor.connection.database["iot_rejectedmessage"].drop_index("rejected_ttl")


class Migration(migrations.Migration):
    dependencies = [("iot", "0001_initial")]
    operations = [migrations.RunPython(create, drop)]
