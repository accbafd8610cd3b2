"""`/api/supplier/orders` and what is made of them: the schedule, the customers, the dashboard."""

from datetime import timedelta

from bson import ObjectId
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.views import APIView

from accounts.api.requests import IdentityRequest
from common.api.filters import FilteredView
from common.api.pagination import PagePagination, page_of
from common.api.permissions import IsSupplier
from common.api.requests import valid
from common.api.responses import JsonBytes, conditional_json
from common.mongo import Document
from common.time import utc_now
from orders.api.filters import ScheduleFilters, SupplierOrderFilters
from orders.api.serializers import SupplierOrderSerializer
from orders.models import Order, Status
from orders.payments.services import order_paid
from orders.reporting import supplier_dashboard
from orders.selectors import order_document_for, order_get_for, orders_page, supplier_payloads
from orders.services import order_transition
from suppliers.api import serializers
from suppliers.crew import driver_for_order
from suppliers.selectors import customers_page, schedule_page

WEEK = timedelta(days=7)


class OrdersView(FilteredView):
    permission_classes = [IsSupplier]
    queryset = Order.objects.all()
    filterset_class = SupplierOrderFilters
    pagination_class = PagePagination
    conditional = True

    @extend_schema(
        operation_id="supplier_orders_list",
        summary="The orders one has been offered or taken, newest first",
        responses=SupplierOrderSerializer(many=True),
    )
    def get(self, request: IdentityRequest) -> HttpResponse:
        wanted = {"supplier_id": request.user.pk, **self.match(request)}
        page = page_of(request)
        count, documents = orders_page(wanted=wanted, skip=page.skip, limit=page.size)
        results = supplier_payloads(documents)
        return conditional_json(request, page.envelope(request, count=count, results=results))


class OrderView(APIView):
    permission_classes = [IsSupplier]
    conditional = True

    @extend_schema(
        operation_id="supplier_orders_read",
        summary="An order that is one's own",
        responses=SupplierOrderSerializer,
    )
    def get(self, request: IdentityRequest, order_id: ObjectId) -> HttpResponse:
        return conditional_json(request, _payload(request, order_id))


class StatusView(APIView):
    permission_classes = [IsSupplier]
    problem_statuses = {"PATCH": [409]}

    @extend_schema(
        operation_id="supplier_orders_status",
        summary="Take an order to its next status",
        description="placed → acknowledged → scheduled → in_transit → delivered; anything else is 409 "
        "`invalid_transition`. The litres delivered are billed, but never more than was ordered.\n\n"
        "`cancelled` gives an order back, until it is on its way: a placed one is declined, an accepted one given up. "
        "It is then offered to the next supplier, and cancelled only when none is left; the answer shows it as the "
        "supplier who gave it back leaves it, `cancelled`, and from then on it is 404 for them if another has it.",
        request=serializers.StatusInputSerializer,
        responses=SupplierOrderSerializer,
    )
    def patch(self, request: IdentityRequest, order_id: ObjectId) -> HttpResponse:
        fields = valid(serializers.StatusInputSerializer(data=request.data))
        order = order_get_for(user=request.user, order_id=order_id)
        before = order_document_for(user=request.user, order_id=order_id)
        driver = driver_for_order(supplier_id=request.user.pk, driver_id=fields.pop("driver_id", None))
        changed = order_transition(order=order, by=request.user, **fields, **driver)
        if changed.supplier_id != request.user.pk:
            return JsonBytes(_given_back(before, changed, by=request.user.pk))
        return JsonBytes(_payload(request, order_id))


class PaymentView(APIView):
    permission_classes = [IsSupplier]
    problem_statuses = {"PATCH": [409]}

    @extend_schema(
        operation_id="supplier_orders_payment",
        summary="Say that the money for an order has come",
        description="For what is paid in cash or by transfer. 409 `already_paid`; "
        "409 `cannot_pay` for a cancelled order.",
        request=serializers.PaymentInputSerializer,
        responses=SupplierOrderSerializer,
    )
    def patch(self, request: IdentityRequest, order_id: ObjectId) -> HttpResponse:
        valid(serializers.PaymentInputSerializer(data=request.data))
        order_paid(order=order_get_for(user=request.user, order_id=order_id), by=request.user)
        return JsonBytes(_payload(request, order_id))


class ScheduleView(FilteredView):
    permission_classes = [IsSupplier]
    queryset = Order.objects.all()
    filterset_class = ScheduleFilters
    pagination_class = PagePagination

    @extend_schema(
        operation_id="supplier_schedule",
        summary="Planned deliveries, soonest first",
        description="From the start of today (UTC), for a week, unless `from` and `to` say otherwise.",
        responses=SupplierOrderSerializer(many=True),
    )
    def get(self, request: IdentityRequest) -> HttpResponse:
        asked = self.asked(request)
        today = utc_now().replace(hour=0, minute=0, second=0, microsecond=0)
        start = asked.get("from", today)
        end = asked.get("to", start + WEEK)
        page = page_of(request)
        count, results = schedule_page(
            supplier_id=request.user.pk, start=start, end=end, skip=page.skip, limit=page.size
        )
        return JsonBytes(page.envelope(request, count=count, results=results))


class CustomersView(APIView):
    permission_classes = [IsSupplier]
    pagination_class = PagePagination

    @extend_schema(
        operation_id="supplier_customers",
        summary="One's customers with their tanks, whoever ordered last first",
        responses=serializers.SupplierCustomerSerializer(many=True),
    )
    def get(self, request: IdentityRequest) -> HttpResponse:
        page = page_of(request)
        count, results = customers_page(supplier_id=request.user.pk, skip=page.skip, limit=page.size)
        return JsonBytes(page.envelope(request, count=count, results=results))


class DashboardView(APIView):
    permission_classes = [IsSupplier]

    @extend_schema(
        operation_id="supplier_dashboard",
        summary="One's day and month in figures",
        responses=serializers.DashboardSerializer,
    )
    def get(self, request: IdentityRequest) -> HttpResponse:
        return JsonBytes(supplier_dashboard(supplier_id=request.user.pk))


def _payload(request: IdentityRequest, order_id: ObjectId) -> Document:
    return supplier_payloads([order_document_for(user=request.user, order_id=order_id)])[0]


def _given_back(before: Document, changed: Order, *, by: ObjectId) -> Document:
    """The order as the supplier who gave it back last knew it: who has it now, and for how much, is not theirs."""
    last = next(step for step in reversed(changed.status_history) if step.updated_by == by)
    step = {
        "status": str(Status.CANCELLED),
        "timestamp": last.timestamp,
        "updated_by": by,
        "notes": last.notes,
    }
    left = {
        "status": str(Status.CANCELLED),
        "status_history": [*before["status_history"], step],
        "updated_at": last.timestamp,
    }
    return supplier_payloads([{**before, **left}])[0]
