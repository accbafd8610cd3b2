"""At most one open automatic order a tank, whatever the number of readings and workers."""

from django.db import migrations


def create(apps, schema_editor):
    schema_editor.connection.database["orders_order"].create_index(
        [("tank_id", 1)],
        name="order_one_open_auto",
        unique=True,
        partialFilterExpression={"is_open": True, "auto": True},
    )


def drop(apps, schema_editor):
    schema_editor.connection.database["orders_order"].drop_index("order_one_open_auto")


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_initial")]
    operations = [migrations.RunPython(create, drop)]
