"""The limit: a straight loop that stores readings and does nothing else the product does.

`python -m benchmarks.load.straight <client> <mqtt port> <mongodb uri> <database> <devices>`: MQTT client → msgspec
→ `insert_many` → `bulk_write` of newest levels → manual acknowledgement, in batches of up to 10,000, for devices it
knows by heart. Clients: `bulk` (the product's own reader), `paho`, `gmqtt`.
"""

import asyncio
import queue
import sys
import threading
from datetime import datetime
from typing import Any

import msgspec
from pymongo import MongoClient, UpdateOne
from pymongo.errors import BulkWriteError

from tanks.readings import key, to_ms

BATCH = 10_000  # as the product: a tank is updated once a batch
TOPIC = "tanks/+/level"


class Reading(msgspec.Struct, gc=False):
    level: float
    timestamp: datetime
    battery: float | None = None


decode = msgspec.json.Decoder(Reading).decode


class Store:
    def __init__(self, uri: str, name: str, devices: int) -> None:
        self.database: Any = MongoClient(uri, w="majority", journal=True)[name]
        self.tanks = {
            f"load-{device['device']}": (device["_id"], device["series"])
            for device in self.database.tanks_tank.find({}, {"device": 1, "series": 1}).limit(devices)
        }

    def write(self, messages: list[tuple[bytes, bytes]]) -> None:
        rows, newest = [], {}
        for topic, payload in messages:
            tank_id, series = self.tanks[topic.split(b"/")[1].decode()]
            reading = decode(payload)
            ms = to_ms(reading.timestamp)
            rows.append(
                {"_id": key(series, ms, 1), "l": round(reading.level * 1000), "v": round(reading.level * 1e5)}
            )
            before = newest.get(tank_id)
            if before is None or before.timestamp < reading.timestamp:
                newest[tank_id] = reading
        try:
            self.database.readings.insert_many(rows, ordered=False)
        except BulkWriteError as error:
            if any(failure["code"] != 11000 for failure in error.details["writeErrors"]):
                raise
        writes = [
            UpdateOne(
                {"_id": tank_id, "current_level.timestamp": {"$not": {"$gte": reading.timestamp}}},
                {
                    "$set": {
                        "current_level": {
                            "level": reading.level,
                            "volume_liters": reading.level * 100,
                            "timestamp": reading.timestamp,
                            "source": "sensor",
                            "quality": "good",
                        }
                    }
                },
            )
            for tank_id, reading in newest.items()
        ]
        self.database.tanks_tank.bulk_write(writes, ordered=False)


def run_bulk(store: Store, port: int) -> None:
    from iot.mqtt.client import BulkClient, Publication

    inbox: queue.Queue[list[Publication]] = queue.Queue()
    client = BulkClient(client_id="straight", on_publications=inbox.put)
    client.on_connect = lambda client, *_: client.subscribe(TOPIC, 1)
    client.on_subscribe = lambda *_: print("ready", flush=True)
    client.connect("127.0.0.1", port)
    client.loop_start()
    rest: list[Publication] = []
    while True:
        batch = rest or inbox.get()
        while len(batch) < BATCH and not inbox.empty():
            batch = batch + inbox.get()
        batch, rest = batch[:BATCH], batch[BATCH:]
        store.write([(one.topic, one.payload) for one in batch])
        client.acknowledge([one.mid for one in batch], connection=client.connection)


def run_paho(store: Store, port: int) -> None:
    import paho.mqtt.client as mqtt

    inbox: queue.SimpleQueue[mqtt.MQTTMessage] = queue.SimpleQueue()
    client = mqtt.Client(
        mqtt.CallbackAPIVersion.VERSION2, client_id="straight", clean_session=False, manual_ack=True
    )
    client.on_message = lambda _client, _data, message: inbox.put(message)
    client.on_connect = lambda client, *_: client.subscribe(TOPIC, 1)
    client.on_subscribe = lambda *_: print("ready", flush=True)
    client.connect("127.0.0.1", port)
    client.loop_start()
    while True:
        batch = [inbox.get()]
        while len(batch) < BATCH and not inbox.empty():
            batch.append(inbox.get())
        store.write([(one._topic, one.payload) for one in batch])
        for one in batch:
            client.ack(one.mid, 1)


def run_gmqtt(store: Store, port: int) -> None:
    from gmqtt import Client
    from gmqtt.mqtt.constants import MQTTv311

    async def run() -> None:
        inbox: asyncio.Queue[tuple[bytes, bytes, int]] = asyncio.Queue()
        client = Client("straight", clean_session=False, optimistic_acknowledgement=False)
        released = threading.Event()

        async def on_message(_client: Any, topic: str, payload: bytes, _qos: int, properties: Any) -> Any:
            done = asyncio.get_running_loop().create_future()
            inbox.put_nowait((topic.encode(), payload, done))
            return await done

        client.on_message = on_message
        client.on_subscribe = lambda *_: print("ready", flush=True)
        await client.connect("127.0.0.1", port, version=MQTTv311)
        client.subscribe(TOPIC, qos=1)
        while not released.is_set():
            batch = [await inbox.get()]
            while len(batch) < BATCH and not inbox.empty():
                batch.append(inbox.get_nowait())
            await asyncio.to_thread(store.write, [(topic, payload) for topic, payload, _ in batch])
            for _, _, done in batch:
                done.set_result(0)

    asyncio.run(run())


def main() -> None:
    client, port, uri, name, devices = sys.argv[1:]
    store = Store(uri, name, int(devices))
    {"bulk": run_bulk, "paho": run_paho, "gmqtt": run_gmqtt}[client](store, int(port))


if __name__ == "__main__":
    main()
