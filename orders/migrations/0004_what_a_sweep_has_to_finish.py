"""Small partial indexes: orders with an untold step, a refund that is due, a review not yet counted."""

from django.db import migrations

INDEXES = {
    "order_unannounced": ("updated_at", {"unannounced": True}),
    "order_refund_due": ("updated_at", {"status": "cancelled", "payment_status": "paid"}),
    "order_review_uncounted": ("updated_at", {"review.counted": False}),
}


def create(apps, schema_editor):
    orders = schema_editor.connection.database["orders_order"]
    for name, (field, condition) in INDEXES.items():
        orders.create_index([(field, 1)], name=name, partialFilterExpression=condition)


def drop(apps, schema_editor):
    for name in INDEXES:
        schema_editor.connection.database["orders_order"].drop_index(name)


class Migration(migrations.Migration):
    dependencies = [("orders", "0003_steps_told_and_money_back")]
    operations = [migrations.RunPython(create, drop)]
