"""`/api/orders`: what a customer orders, and what becomes of it."""

from dataclasses import asdict

from bson import ObjectId
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.views import APIView

from accounts.api.requests import IdentityRequest
from common.api.filters import FilteredView
from common.api.idempotency import idempotent
from common.api.pagination import PagePagination, page_of
from common.api.permissions import IsCustomer
from common.api.requests import valid
from common.api.responses import JsonBytes, conditional_json
from common.json import camelize
from common.mongo import Document
from orders import services
from orders.api import serializers
from orders.api.filters import OrderFilters
from orders.models import Order
from orders.payments.services import order_pay
from orders.reporting import customer_statistics
from orders.selectors import (
    customer_payloads,
    order_document_for,
    order_get_for,
    orders_page,
)
from tanks.selectors import tank_get_for


def _payload(request: IdentityRequest, order: Order) -> Document:
    document = order_document_for(user=request.user, order_id=order.pk)
    return customer_payloads([document])[0]


class QuoteView(APIView):
    permission_classes = [IsCustomer]
    problem_statuses = {"POST": [404]}

    @extend_schema(
        operation_id="orders_quote",
        summary="Offers for an amount, cheapest first",
        description="Empty when no supplier serves that amount at one's postal code.",
        request=serializers.QuoteInputSerializer,
        responses=serializers.OffersSerializer,
    )
    def post(self, request: IdentityRequest) -> HttpResponse:
        fields = valid(serializers.QuoteInputSerializer(data=request.data))
        tank = tank_get_for(user_id=request.user.pk, tank_id=fields["tank_id"])
        offers = services.quote(tank=tank, amount=fields["amount"], supplier_id=fields.get("supplier_id"))
        return JsonBytes({"results": [camelize(asdict(offer)) for offer in offers]})


class OrdersView(FilteredView):
    permission_classes = [IsCustomer]
    queryset = Order.objects.all()
    filterset_class = OrderFilters
    pagination_class = PagePagination
    conditional = True
    problem_statuses = {"POST": [404, 409]}

    @extend_schema(
        operation_id="orders_list",
        summary="One's orders, newest first",
        responses=serializers.OrderSerializer(many=True),
    )
    def get(self, request: IdentityRequest) -> HttpResponse:
        page = page_of(request)
        wanted = {"user_id": request.user.pk, **self.match(request)}
        count, documents = orders_page(wanted=wanted, skip=page.skip, limit=page.size)
        results = customer_payloads(documents)
        return conditional_json(request, page.envelope(request, count=count, results=results))

    @extend_schema(
        operation_id="orders_create",
        summary="Order water",
        description="400 `exceeds_capacity` when the tank will not have the space free at delivery; "
        "409 `no_supplier` when nobody serves that amount at one's postal code; "
        "409 `tank_busy` while another order for the tank is being placed.",
        request=serializers.OrderInputSerializer,
        responses={201: serializers.OrderSerializer},
    )
    @idempotent
    def post(self, request: IdentityRequest) -> HttpResponse:
        fields = valid(serializers.OrderInputSerializer(data=request.data))
        tank = tank_get_for(user_id=request.user.pk, tank_id=fields.pop("tank_id"))
        order = services.order_place(user=request.user, tank=tank, order_id=request.idempotent_id, **fields)
        location = {"Location": request.build_absolute_uri(f"/api/orders/{order.pk}")}
        return JsonBytes(_payload(request, order), status=201, headers=location)


class OrderView(APIView):
    permission_classes = [IsCustomer]
    conditional = True

    @extend_schema(
        operation_id="orders_read", summary="An order of one's own", responses=serializers.OrderSerializer
    )
    def get(self, request: IdentityRequest, order_id: ObjectId) -> HttpResponse:
        document = order_document_for(user=request.user, order_id=order_id)
        return conditional_json(request, customer_payloads([document])[0])


class CancelView(APIView):
    permission_classes = [IsCustomer]
    problem_statuses = {"PATCH": [409]}

    @extend_schema(
        operation_id="orders_cancel",
        summary="Cancel an order",
        description="While it is placed, acknowledged or scheduled, else 409 `cannot_cancel`. "
        "What was paid is refunded.",
        request=serializers.CancelInputSerializer,
        responses=serializers.OrderSerializer,
    )
    def patch(self, request: IdentityRequest, order_id: ObjectId) -> HttpResponse:
        fields = valid(serializers.CancelInputSerializer(data=request.data))
        order = order_get_for(user=request.user, order_id=order_id)
        return JsonBytes(_payload(request, services.order_cancel(order=order, by=request.user, **fields)))


class RescheduleView(APIView):
    permission_classes = [IsCustomer]
    problem_statuses = {"PATCH": [409]}

    @extend_schema(
        operation_id="orders_reschedule",
        summary="Move the delivery to another time",
        description="Before the water is on its way, else 409 `cannot_reschedule`. The status stays as it is.",
        request=serializers.RescheduleInputSerializer,
        responses=serializers.OrderSerializer,
    )
    def patch(self, request: IdentityRequest, order_id: ObjectId) -> HttpResponse:
        fields = valid(serializers.RescheduleInputSerializer(data=request.data))
        order = order_get_for(user=request.user, order_id=order_id)
        return JsonBytes(_payload(request, services.order_reschedule(order=order, by=request.user, **fields)))


class PayView(APIView):
    permission_classes = [IsCustomer]
    problem_statuses = {"POST": [409]}

    @extend_schema(
        operation_id="orders_pay",
        summary="How to pay an order",
        description="Prepares the payment; asked again, it gives the same intent. With the provider `manual` the money "
        "passes outside, and the supplier says when it has come. 409 `already_paid`; 409 `cannot_pay` for a cancelled "
        "order.",
        request=serializers.PayInputSerializer,
        responses={201: serializers.IntentSerializer},
    )
    @idempotent
    def post(self, request: IdentityRequest, order_id: ObjectId) -> HttpResponse:
        fields = valid(serializers.PayInputSerializer(data=request.data))
        order = order_get_for(user=request.user, order_id=order_id)
        intent = order_pay(order=order, by=request.user, method=fields.get("payment_method"))
        return JsonBytes({"orderId": order.pk, **camelize(asdict(intent))}, status=201)


class ReviewView(APIView):
    permission_classes = [IsCustomer]
    problem_statuses = {"POST": [409]}

    @extend_schema(
        operation_id="orders_review",
        summary="Rate a delivery",
        description="Once: 409 `already_reviewed`; and after delivery: 409 `not_delivered`.",
        request=serializers.ReviewInputSerializer,
        responses={201: serializers.OrderSerializer},
    )
    def post(self, request: IdentityRequest, order_id: ObjectId) -> HttpResponse:
        fields = valid(serializers.ReviewInputSerializer(data=request.data))
        order = order_get_for(user=request.user, order_id=order_id)
        return JsonBytes(
            _payload(request, services.order_review(order=order, by=request.user, **fields)), status=201
        )


class StatisticsView(APIView):
    permission_classes = [IsCustomer]

    @extend_schema(
        operation_id="orders_statistics",
        summary="One's orders in figures",
        responses=serializers.OrderStatisticsSerializer,
    )
    def get(self, request: IdentityRequest) -> HttpResponse:
        return JsonBytes(customer_statistics(user_id=request.user.pk))
