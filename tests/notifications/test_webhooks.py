"""Webhooks against a real HTTP server: signed, once, again later, and never into this network."""

import socket
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from common.errors import DomainError
from common.mongo import collection
from common.time import utc_now
from notifications.models import Notification, WebhookDelivery, WebhookEndpoint
from notifications.webhooks import dispatch, http, rules, webhook_emit
from notifications.webhooks.services import endpoint_create, endpoint_delete


@pytest.fixture
def endpoint(alice, receiver, settings):
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    return endpoint_create(user_id=alice.pk, url=receiver.url, events=["tank.low", "order.status"])


def emit(user, *, type="tank.low", key="one"):
    return webhook_emit(user_ids=[user.pk], type=type, data={"tank_id": user.pk, "level": 12.5}, key=key)


def send_all():
    """Everything pending is due now."""
    collection(WebhookDelivery).update_many({"state": "pending"}, {"$set": {"next_at": utc_now()}})
    for pk in dispatch.due_ids():
        dispatch.webhook_dispatch(delivery_id=pk)


def test_a_message_is_signed_as_the_standard_says(alice, endpoint, receiver):
    assert emit(alice) == 1
    send_all()
    ((headers, body),) = receiver.received
    told = Webhook(endpoint.secret).verify(body, headers)
    assert told["type"] == "tank.low"
    assert told["data"] == {"tankId": str(alice.pk), "level": 12.5}
    assert told["timestamp"].endswith("Z")
    with pytest.raises(WebhookVerificationError):
        Webhook(endpoint.secret).verify(body.replace(b"12.5", b"99.5"), headers)


def test_a_key_is_told_once_and_sent_once(alice, endpoint, receiver):
    assert [emit(alice), emit(alice), emit(alice, key="two")] == [1, 0, 1]
    for _ in range(3):
        send_all()
    assert len(receiver.received) == 2


def test_only_wanted_types_of_ones_own_are_told(alice, bob, endpoint, receiver):
    assert emit(alice, type="tank.leak") == 0
    assert emit(bob) == 0


def test_workers_at_once_call_once(alice, endpoint, receiver):
    emit(alice)
    (pk,) = dispatch.due_ids()
    workers = [
        threading.Thread(target=dispatch.webhook_dispatch, kwargs={"delivery_id": pk}) for _ in range(8)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(receiver.received) == 1


def test_a_failure_is_retried_with_the_same_id(alice, endpoint, receiver):
    receiver.answers = [(500, {}), (200, {})]
    emit(alice)
    (pk,) = dispatch.due_ids()
    again = dispatch.webhook_dispatch(delivery_id=pk)
    assert timedelta(seconds=3) < again - utc_now() < timedelta(seconds=6)
    delivery = WebhookDelivery.objects.get(pk=pk)
    assert (delivery.state, delivery.attempts, delivery.status_code) == ("pending", 1, 500)
    assert "500" in delivery.error
    assert WebhookEndpoint.objects.get().failing_since is not None
    send_all()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.error) == ("delivered", 2, "")
    assert WebhookEndpoint.objects.get().failing_since is None
    assert len({headers["webhook-id"] for headers, _ in receiver.received}) == 1


def test_a_redirect_is_a_failure_and_not_followed(alice, endpoint, receiver):
    receiver.answers = [(302, {"location": receiver.url})]
    emit(alice)
    send_all()
    assert len(receiver.received) == 1
    assert WebhookDelivery.objects.get().status_code == 302
    assert WebhookDelivery.objects.get().state == "pending"


def test_after_the_last_retry_it_is_given_up(alice, endpoint, receiver):
    receiver.answers = [(503, {})]
    emit(alice)
    for _ in range(len(rules.RETRY_WAITS) + 3):
        send_all()
    delivery = WebhookDelivery.objects.get()
    assert (delivery.state, delivery.attempts) == ("failed", len(rules.RETRY_WAITS) + 1)


@pytest.mark.parametrize("answer", [410, 500])
def test_an_endpoint_that_is_gone_or_long_dead_is_switched_off_and_its_owner_told(
    alice, endpoint, receiver, answer
):
    receiver.answers = [(answer, {})]
    collection(WebhookEndpoint).update_one(
        {"_id": endpoint.pk}, {"$set": {"failing_since": utc_now() - rules.DISABLE_AFTER}}
    )
    emit(alice)
    emit(alice, key="two")
    send_all()
    endpoint.refresh_from_db()
    assert not endpoint.active
    assert endpoint.disabled_reason
    assert len(receiver.received) == 1
    assert Notification.objects.filter(user_id=alice.pk).count() == 1
    assert emit(alice, key="three") == 0


def test_nobody_there_is_a_failure_to_retry(alice, endpoint, receiver):
    receiver.server_close()
    receiver.shutdown()
    emit(alice)
    send_all()
    delivery = WebhookDelivery.objects.get()
    assert (delivery.state, delivery.status_code) == ("pending", None)
    assert "ConnectError" in delivery.error


def test_a_private_address_is_not_called_even_if_it_was_registered(alice, endpoint, receiver, settings):
    settings.WEBHOOKS_ALLOW_PRIVATE = False
    collection(WebhookEndpoint).update_one(
        {"_id": endpoint.pk}, {"$set": {"url": f"http://localhost:{receiver.server_port}/hook"}}
    )
    emit(alice)
    send_all()
    assert receiver.received == []
    assert "public internet" in WebhookDelivery.objects.get().error


def test_a_private_address_is_not_registered(alice):
    for url in (
        "http://127.0.0.1/x",
        "http://[::1]/x",
        "https://localhost/x",
        "http://10.0.0.1/",
        "nonsense",
    ):
        with pytest.raises(DomainError) as refusal:
            endpoint_create(user_id=alice.pk, url=url, events=["tank.low"])
        assert refusal.value.status == 400
        assert "url" in refusal.value.errors
    assert not WebhookEndpoint.objects.exists()


def test_deleting_an_endpoint_takes_its_log_along(alice, endpoint, receiver):
    emit(alice)
    endpoint_delete(endpoint=endpoint)
    assert not WebhookDelivery.objects.exists()
    send_all()
    assert receiver.received == []


@contextmanager
def dripping_server():
    """Answers one byte every 50 ms for ever."""

    def serve():
        connection, _ = listener.accept()
        with connection:
            try:
                connection.sendall(b"HTTP/1.1 200 OK\r\n")
                while True:
                    connection.sendall(b"X")
                    time.sleep(0.05)
            except OSError:
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"


def test_an_answer_that_drips_is_cut_off_at_the_deadline(settings, monkeypatch):
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    monkeypatch.setattr(http, "DEADLINE_SECONDS", 0.5)
    with dripping_server() as url:
        started = time.monotonic()
        with pytest.raises(http.httpcore.TimeoutException):
            http.post(url=url, body=b"{}", headers={})
    assert time.monotonic() - started < 2


def test_only_the_start_of_an_answer_is_read(settings):
    settings.WEBHOOKS_ALLOW_PRIVATE = True

    class Flood(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_POST(self):
            self.send_response(200)
            self.end_headers()
            try:
                for _ in range(10_000):
                    self.wfile.write(b"x" * 100_000)
            except OSError:
                pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Flood) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        status, text = http.post(url=f"http://127.0.0.1:{server.server_port}/", body=b"{}", headers={})
        server.shutdown()
    assert (status, len(text)) == (200, http.EXCERPT_BYTES)
