"""What the ORM cannot declare: the clustered readings collection, the geospatial and the partial unique index."""

from django.db import migrations

from tanks.readings import COLLECTION


def create(apps, schema_editor):
    database = schema_editor.connection.database
    if COLLECTION not in database.list_collection_names():
        database.create_collection(
            COLLECTION,
            clusteredIndex={"key": {"_id": 1}, "unique": True, "name": "series_time"},
            storageEngine={"wiredTiger": {"configString": "block_compressor=zstd"}},
        )
    database["tanks_tank"].create_index([("location", "2dsphere")], name="tank_location", sparse=True)
    database["tanks_alert"].create_index(
        [("tank_id", 1), ("kind", 1)],
        name="alert_one_open",
        unique=True,
        partialFilterExpression={"is_open": True},
    )


def drop(apps, schema_editor):
    database = schema_editor.connection.database
    database.drop_collection(COLLECTION)
    database["tanks_tank"].drop_index("tank_location")
    database["tanks_alert"].drop_index("alert_one_open")


class Migration(migrations.Migration):
    dependencies = [("tanks", "0001_initial")]
    operations = [migrations.RunPython(create, drop)]
