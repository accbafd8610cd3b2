"""The limit over HTTP: a bare WSGI callable that stores a batch and does nothing else the product does.

Device's secret by one digest, msgspec, `insert_many`, one conditional update of the newest level, a count back.
"""

import hashlib
import os
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import msgspec
from pymongo import MongoClient
from pymongo.errors import BulkWriteError

from tanks.readings import key, to_ms


class Reading(msgspec.Struct, gc=False):
    level: float
    timestamp: datetime
    battery: float | None = None


decode = msgspec.json.Decoder(list[Reading]).decode
database: Any = MongoClient(os.environ["MONGODB_URI"], w="majority", journal=True)[os.environ["MONGODB_NAME"]]
secrets = {row["device_id"]: row["secret_hash"] for row in database.tanks_device.find()}
tanks = {row["device_id"]: (row["_id"], row["series"]) for row in database.tanks_tank.find()}


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    name, _, secret = environ["HTTP_AUTHORIZATION"].removeprefix("Device ").rpartition(":")
    if hashlib.sha256(secret.encode()).hexdigest() != secrets.get(name):
        start_response("401 Unauthorized", [])
        return [b""]
    readings = decode(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    tank_id, series = tanks[name]
    rows = [
        {
            "_id": key(series, to_ms(one.timestamp), 1),
            "l": round(one.level * 1000),
            "v": round(one.level * 1e5),
        }
        for one in readings
    ]
    failed = 0
    try:
        database.readings.insert_many(rows, ordered=False)
    except BulkWriteError as error:
        failed = len(error.details["writeErrors"])
    newest = max(readings, key=lambda one: one.timestamp)
    level = {
        "level": newest.level,
        "volume_liters": newest.level * 100,
        "timestamp": newest.timestamp,
        "source": "sensor",
        "quality": "good",
    }
    database.tanks_tank.update_one(
        {"_id": tank_id, "current_level.timestamp": {"$not": {"$gte": newest.timestamp}}},
        {"$set": {"current_level": level}},
    )
    body = msgspec.json.encode({"accepted": len(rows) - failed, "duplicates": failed, "rejected": []})
    start_response("202 Accepted", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
