"""The operators' first page: what is open, low, silent or refused now, and how many readings come in."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from redis import RedisError

from common.mongo import Document, collection
from common.time import utc_now
from iot.ingest import metrics
from iot.models import RejectedMessage
from orders.models import Order, Status
from orders.states import FINAL
from tanks.models import Alert, AlertKind, Device, DeviceStatus, Tank

MINUTES = 60
LATELY_MINUTES = 5
DAY = timedelta(days=1)
LONG_UNANSWERED = timedelta(hours=1)
SHOWN = 6
BAR_STEP, BAR_WIDTH, CHART_HEIGHT = 10, 7, 100


@dataclass(frozen=True)
class Figure:
    """One number, where it leads, and whether it calls for somebody."""

    label: str
    value: str
    note: str
    link: str
    alarm: bool = False


@dataclass(frozen=True)
class Bar:
    x: int
    y: float
    height: float
    text: str


def _listed(model: str, query: str = "") -> str:
    return reverse(f"admin:{model}_changelist") + query


def _orders() -> list[Figure]:
    now = utc_now()
    orders = collection(Order)
    counts = {
        status: orders.count_documents({"status": str(status)}) for status in Status if status not in FINAL
    }
    late = orders.count_documents(
        {
            "status": {"$in": [str(Status.SCHEDULED), str(Status.IN_TRANSIT)]},
            "scheduled_delivery_date": {"$lt": now},
        }
    )
    waiting = orders.count_documents(
        {"status": str(Status.PLACED), "offered_at": {"$lt": now - LONG_UNANSWERED}}
    )
    listed = _listed("orders_order")
    return [
        Figure("Open orders", f"{sum(counts.values()):,}", f"{late:,} late", listed, late > 0),
        Figure(
            "Unanswered",
            f"{counts[Status.PLACED]:,}",
            f"{waiting:,} for over an hour",
            f"{listed}?status__exact=placed",
            waiting > 0,
        ),
    ]


def _tanks() -> Figure:
    level = "$current_level.level"
    low: Document = {"$lte": [level, "$low_water_threshold"]}
    critical: Document = {"$lte": [level, "$critical_threshold"]}
    group: Document = {
        "_id": None,
        "low": {"$sum": {"$cond": [low, 1, 0]}},
        "critical": {"$sum": {"$cond": [critical, 1, 0]}},
    }
    rows = list(collection(Tank).aggregate([{"$match": {"current_level": {"$ne": None}}}, {"$group": group}]))
    found = rows[0] if rows else {"low": 0, "critical": 0}
    return Figure(
        "Tanks low",
        f"{found['low']:,}",
        f"{found['critical']:,} critical or empty",
        _listed("tanks_alert", "?is_open__exact=1&kind__exact=" + str(AlertKind.LOW)),
        found["critical"] > 0,
    )


def _devices() -> Figure:
    devices = collection(Device)
    offline = devices.count_documents({"status": str(DeviceStatus.OFFLINE)})
    faulty = devices.count_documents({"status": str(DeviceStatus.FAULTY)})
    return Figure(
        "Devices offline",
        f"{offline:,}",
        f"{faulty:,} faulty, of {devices.estimated_document_count():,}",
        _listed("tanks_device", "?status__exact=offline"),
        offline + faulty > 0,
    )


def _readings(minutes: list[int] | None) -> Figure:
    if minutes is None:
        return Figure("Readings a minute", "–", "Redis is away", _listed("tanks_device"), True)
    rate = sum(minutes[-LATELY_MINUTES:]) / LATELY_MINUTES
    return Figure(
        "Readings a minute",
        f"{rate:,.0f}",
        f"{sum(minutes):,} in the last hour",
        _listed("tanks_device"),
        rate == 0 and sum(minutes) > 0,
    )


def _rejected() -> Figure:
    since = {"at": {"$gte": utc_now() - DAY}}
    messages = collection(RejectedMessage)
    count = messages.count_documents(since)
    common = list(
        messages.aggregate([{"$match": since}, {"$sortByCount": "$code"}, {"$limit": 1}]) if count else []
    )
    note = f"mostly {common[0]['_id']}" if common else "in the last 24 hours"
    return Figure("Messages refused", f"{count:,}", note, _listed("iot_rejectedmessage"), count > 0)


def _minutes() -> list[int] | None:
    try:
        return metrics.by_minute("readings", minutes=MINUTES)
    except RedisError:
        return None


def _bars(minutes: list[int]) -> list[Bar]:
    highest = max(minutes, default=0) or 1
    bars = []
    for place, count in enumerate(minutes):
        height = round(CHART_HEIGHT * count / highest, 1)
        ago = len(minutes) - place
        bars.append(Bar(place * BAR_STEP, CHART_HEIGHT - height, height, f"{count:,} readings {ago} min ago"))
    return bars


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """unfold's hook: what templates/admin/index.html shows."""
    minutes = _minutes()
    late = Order.objects.filter(
        status__in=[Status.SCHEDULED, Status.IN_TRANSIT], scheduled_delivery_date__lt=utc_now()
    )
    context.update(
        figures=[*_orders(), _tanks(), _devices(), _readings(minutes), _rejected()],
        bars=_bars(minutes or []),
        bar_width=BAR_WIDTH,
        chart_width=MINUTES * BAR_STEP,
        chart_height=CHART_HEIGHT,
        highest=max(minutes or [0]),
        late=late.order_by("scheduled_delivery_date")[:SHOWN],
        unanswered=Order.objects.filter(status=Status.PLACED).order_by("order_date")[:SHOWN],
        silent=Device.objects.filter(status__in=[DeviceStatus.OFFLINE, DeviceStatus.FAULTY])
        .select_related("tank")
        .order_by("last_seen")[:SHOWN],
        leaks=Alert.objects.filter(is_open=True)
        .exclude(kind=AlertKind.LOW)
        .select_related("tank")
        .order_by("-opened_at")[:SHOWN],
        refused=RejectedMessage.objects.order_by("-at")[:SHOWN],
    )
    return context
