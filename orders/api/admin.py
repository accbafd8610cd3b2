"""`/api/admin/orders` and `/api/admin/statistics`: the operators' view of everything."""

from decimal import Decimal

from bson import ObjectId
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.views import APIView

from accounts.api.requests import IdentityRequest
from common.api.fields import LineField, MoneyField, NumberField, WholeNumberField
from common.api.filters import FilteredView
from common.api.pagination import PagePagination, page_of
from common.api.permissions import IsAdmin
from common.api.responses import JsonBytes, conditional_json
from orders.api.filters import OrderFilters
from orders.api.serializers import AdminOrderSerializer
from orders.models import Order
from orders.reporting import system_statistics
from orders.selectors import admin_payloads, order_document_for, orders_page


class SystemStatisticsSerializer(serializers.Serializer):
    users = serializers.DictField(child=WholeNumberField(), help_text="by role")
    active_suppliers = WholeNumberField()
    tanks = WholeNumberField()
    automatic_tanks = WholeNumberField(help_text="that keep themselves full")
    low_tanks = WholeNumberField(help_text="at or below their low-water threshold")
    devices = serializers.DictField(child=WholeNumberField(), help_text="by status")
    open_alerts = WholeNumberField()
    orders = serializers.DictField(child=WholeNumberField(), help_text="by status")
    automatic_orders = WholeNumberField()
    delivered_liters = NumberField()
    revenue = MoneyField(limit=Decimal(10**15), help_text="price of what was delivered")
    currency = LineField(max_length=3)
    average_delivery_hours = NumberField(allow_null=True, help_text="from order to delivery, last 30 days")


class AdminOrdersView(FilteredView):
    permission_classes = [IsAdmin]
    queryset = Order.objects.all()
    filterset_class = OrderFilters
    pagination_class = PagePagination

    @extend_schema(
        operation_id="admin_orders_list",
        summary="All orders, newest first",
        responses=AdminOrderSerializer(many=True),
    )
    def get(self, request: IdentityRequest) -> HttpResponse:
        page = page_of(request)
        count, documents = orders_page(wanted=self.match(request), skip=page.skip, limit=page.size)
        return JsonBytes(page.envelope(request, count=count, results=admin_payloads(documents)))


class AdminOrderView(APIView):
    permission_classes = [IsAdmin]
    conditional = True

    @extend_schema(operation_id="admin_orders_read", summary="Any order", responses=AdminOrderSerializer)
    def get(self, request: IdentityRequest, order_id: ObjectId) -> HttpResponse:
        document = order_document_for(user=request.user, order_id=order_id)
        return conditional_json(request, admin_payloads([document])[0])


class SystemStatisticsView(APIView):
    permission_classes = [IsAdmin]

    @extend_schema(
        operation_id="admin_statistics",
        summary="The whole system in figures",
        responses=SystemStatisticsSerializer,
    )
    def get(self, request: IdentityRequest) -> HttpResponse:
        return JsonBytes(system_statistics())
