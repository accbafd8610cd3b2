"""A supplier's `_id` is its user's id, so that it is found by the one index that every look-up uses."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

COLLECTION = "accounts_supplier"


def rekey(apps, schema_editor):
    suppliers = schema_editor.connection.database[COLLECTION]
    for index in list(suppliers.list_indexes()):
        if "user_id" in index["key"]:
            suppliers.drop_index(index["name"])
    for document in list(suppliers.find({"user_id": {"$exists": True}})):
        old = document["_id"]
        document["_id"] = document.pop("user_id")
        suppliers.replace_one({"_id": document["_id"]}, document, upsert=True)
        suppliers.delete_one({"_id": old})
    suppliers.create_index([("service_areas.postal_codes", 1)], name="supplier_postal_codes")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(rekey, migrations.RunPython.noop)],
            state_operations=[
                migrations.AlterField(
                    model_name="supplier",
                    name="user",
                    field=models.OneToOneField(
                        db_column="_id",
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="supplier",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                )
            ],
        )
    ]
