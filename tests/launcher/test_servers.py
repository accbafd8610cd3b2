"""The embedded servers answer their own protocols."""

import paho.mqtt.client as mqtt
import pymongo
import redis


def test_mongodb_takes_transactions(servers):
    with pymongo.MongoClient(servers.mongodb_uri) as client, client.start_session() as session:
        with session.start_transaction():
            client.launcher.things.insert_one({"_id": 1}, session=session)
            session.abort_transaction()
        assert client.launcher.things.count_documents({}) == 0


def test_valkey_keeps_an_append_only_file(servers):
    with redis.Redis.from_url(servers.redis_url) as client:
        assert client.set("a", "b")
        assert client.config_get("appendonly") == {"appendonly": "yes"}


def test_the_broker_keeps_messages_of_a_durable_session_that_is_away(servers):
    def connect(**options):
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="away", clean_session=False)
        for name, value in options.items():
            setattr(client, name, value)
        client.connect("127.0.0.1", servers.mqtt_port)
        return client

    subscribed: list[bool] = []
    first = connect(
        on_connect=lambda client, *_: client.subscribe("launcher/away", qos=1),
        on_subscribe=lambda *_: subscribed.append(True),
    )
    while not subscribed:
        first.loop(0.1)
    first.disconnect()
    first.loop(0.1)

    sender = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    sender.connect("127.0.0.1", servers.mqtt_port)
    sender.loop_start()
    sender.publish("launcher/away", b"kept" * 10_000, qos=1).wait_for_publish(5)
    sender.loop_stop()
    sender.disconnect()

    received: list[bytes] = []
    second = connect(on_message=lambda _client, _data, message: received.append(message.payload))
    for _ in range(50):
        second.loop(0.1)
        if received:
            break
    second.disconnect()
    assert received == [b"kept" * 10_000]
