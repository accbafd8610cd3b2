"""The log of webhook deliveries goes after 30 days."""

from django.db import migrations

SECONDS = 30 * 86_400


def create(apps, schema_editor):
    schema_editor.connection.database["notifications_webhookdelivery"].create_index(
        "created_at", name="webhook_delivery_ttl", expireAfterSeconds=SECONDS
    )


def drop(apps, schema_editor):
    schema_editor.connection.database["notifications_webhookdelivery"].drop_index("webhook_delivery_ttl")


class Migration(migrations.Migration):
    dependencies = [("notifications", "0002_webhooks")]
    operations = [migrations.RunPython(create, drop)]
