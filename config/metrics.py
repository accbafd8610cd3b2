"""`GET /metrics`: what operators watch, in Prometheus' text format, for this machine or who has the token.

Counters are kept in Redis over all processes; the rest is asked of MongoDB and Redis when somebody asks. A part
that does not answer is left out, and named by `watertanks_part_up`.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from celery import current_app
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from common.api.problems import problem_response
from common.internal import is_internal
from common.mongo import collection
from common.redis import client
from common.time import utc_now
from iot.ingest import metrics as ingest
from iot.mqtt.heartbeat import BLOCKED, WORKING, heartbeats
from notifications.models import WebhookDelivery
from orders.models import Order
from tanks.models import Alert, Device, Tank

log = logging.getLogger(__name__)
PREFIX = "watertanks"
WHOLE = {
    "readings": "Readings stored.",
    "duplicates": "Readings that came again.",
    "suspects": "Readings stored that no other has confirmed.",
    "batches": "Batches written.",
}
LABELLED = {
    "messages": ("transport", "Messages taken, by the way they came."),
    "rejected": ("code", "Messages and readings refused, by the reason."),
}


def metrics(request: HttpRequest) -> HttpResponse:
    if not is_internal(request):
        return problem_response(status=403, detail="Only this machine, or who has the token, may ask.")
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Everything())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class Everything(Collector):
    """Asks each part, and goes on without the ones that fail."""

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily(f"{PREFIX}_part_up", "Whether a part answered.", labels=["part"])
        for name, part in PARTS.items():
            begun = time.monotonic()
            try:
                yield from list(part())
            except Exception:
                log.exception("metrics: %s does not answer (%.1f s)", name, time.monotonic() - begun)
                up.add_metric([name], 0)
            else:
                up.add_metric([name], 1)
        yield up


def _ingest() -> Iterable[Metric]:
    counted = ingest.read()
    for name, meaning in WHOLE.items():
        yield CounterMetricFamily(f"{PREFIX}_ingest_{name}", meaning, value=counted.get(name, 0))
    for name, (label, meaning) in LABELLED.items():
        family = CounterMetricFamily(f"{PREFIX}_ingest_{name}", meaning, labels=[label])
        for key, value in counted.items():
            head, colon, which = key.partition(":")
            if colon and head == name:
                family.add_metric([which], value)
        yield family


def _listeners() -> Iterable[Metric]:
    states = GaugeMetricFamily(
        f"{PREFIX}_listener_working", "1 when it stores what it hears.", labels=["listener"]
    )
    blocked = GaugeMetricFamily(
        f"{PREFIX}_listener_blocked", "1 when it cannot store, and acknowledges nothing.", labels=["listener"]
    )
    waiting = GaugeMetricFamily(
        f"{PREFIX}_listener_waiting", "Messages in its memory, not stored yet.", labels=["listener"]
    )
    for name, beat in heartbeats().items():
        states.add_metric([name], beat["state"] == WORKING)
        blocked.add_metric([name], beat["state"] == BLOCKED)
        waiting.add_metric([name], beat["waiting"])
    return states, blocked, waiting


def _queue() -> Iterable[Metric]:
    name = current_app.conf.task_default_queue
    waiting: Any = client().llen(name)
    yield GaugeMetricFamily(f"{PREFIX}_tasks_waiting", "Tasks that no worker has taken yet.", value=waiting)


def _world() -> Iterable[Metric]:
    yield GaugeMetricFamily(f"{PREFIX}_tanks", "Tanks.", value=collection(Tank).estimated_document_count())
    yield _grouped("devices", "Devices, by status.", Device, "status")
    yield _grouped("alerts_open", "Open alerts, by kind.", Alert, "kind", {"is_open": True})
    yield _grouped("orders", "Orders, by status.", Order, "status")
    due = {"state": WebhookDelivery.State.PENDING.value, "next_at": {"$lte": utc_now()}}
    yield GaugeMetricFamily(
        f"{PREFIX}_webhooks_due",
        "Webhook deliveries whose time has come.",
        value=collection(WebhookDelivery).count_documents(due),
    )


def _grouped(
    name: str, meaning: str, model: Any, field: str, match: dict[str, Any] | None = None
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"{PREFIX}_{name}", meaning, labels=[field])
    pipeline: list[dict[str, Any]] = [
        {"$match": match or {}},
        {"$group": {"_id": f"${field}", "count": {"$sum": 1}}},
        {"$sort": {"_id": 1}},
    ]
    for row in collection(model).aggregate(pipeline):
        family.add_metric([str(row["_id"])], row["count"])
    return family


PARTS: dict[str, Callable[[], Iterable[Metric]]] = {
    "ingest": _ingest,
    "listeners": _listeners,
    "queue": _queue,
    "world": _world,
}
