"""`/api/webhooks`: where outside systems of customers and suppliers are told."""

from bson import ObjectId
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.requests import IdentityRequest
from common.api.pagination import PagePagination, page_of
from common.api.permissions import IsCustomer, IsSupplier
from common.api.requests import valid
from notifications.api import serializers
from notifications.models import WebhookDelivery, WebhookEndpoint
from notifications.webhooks.services import endpoint_create, endpoint_delete, endpoint_get_for


class OwnersView(APIView):
    permission_classes = [IsCustomer | IsSupplier]


class WebhooksView(OwnersView):
    pagination_class = PagePagination
    problem_statuses = {"POST": [409]}

    @extend_schema(
        operation_id="webhooks_list",
        summary="One's webhooks, newest first",
        responses=serializers.WebhookSerializer(many=True),
    )
    def get(self, request: IdentityRequest) -> Response:
        page = page_of(request)
        own = WebhookEndpoint.objects.filter(user_id=request.user.pk)
        rows = own.order_by("-created_at", "-pk")[page.skip : page.skip + page.size]
        results = list(serializers.WebhookSerializer(rows, many=True).data)
        return Response(page.envelope(request, count=own.count(), results=results))

    @extend_schema(
        operation_id="webhooks_create",
        summary="Have an address called",
        description="Messages are signed by the Standard Webhooks scheme with `secret`, which is told only here, "
        "and tried again for 3 days. Addresses of private networks are refused. 409 `too_many_webhooks` beyond 20.",
        request=serializers.WebhookInputSerializer,
        responses={201: serializers.WebhookWithSecretSerializer},
    )
    def post(self, request: IdentityRequest) -> HttpResponse:
        fields = valid(serializers.WebhookInputSerializer(data=request.data))
        endpoint = endpoint_create(user_id=request.user.pk, **fields)
        location = {"Location": request.build_absolute_uri(f"/api/webhooks/{endpoint.pk}")}
        payload = serializers.WebhookWithSecretSerializer(endpoint).data
        return Response(payload, status=201, headers=location)


class WebhookView(OwnersView):
    @extend_schema(
        operation_id="webhooks_read", summary="One of one's webhooks", responses=serializers.WebhookSerializer
    )
    def get(self, request: IdentityRequest, webhook_id: ObjectId) -> Response:
        endpoint = endpoint_get_for(user_id=request.user.pk, endpoint_id=webhook_id)
        return Response(serializers.WebhookSerializer(endpoint).data)

    @extend_schema(
        operation_id="webhooks_delete",
        summary="Remove a webhook and the log of its deliveries",
        responses={204: None},
    )
    def delete(self, request: IdentityRequest, webhook_id: ObjectId) -> Response:
        endpoint_delete(endpoint=endpoint_get_for(user_id=request.user.pk, endpoint_id=webhook_id))
        return Response(status=204)


class WebhookDeliveriesView(OwnersView):
    pagination_class = PagePagination

    @extend_schema(
        operation_id="webhooks_deliveries_list",
        summary="What was sent to a webhook in the last 30 days, newest first",
        responses=serializers.WebhookDeliverySerializer(many=True),
    )
    def get(self, request: IdentityRequest, webhook_id: ObjectId) -> Response:
        endpoint = endpoint_get_for(user_id=request.user.pk, endpoint_id=webhook_id)
        page = page_of(request)
        sent = WebhookDelivery.objects.filter(endpoint_id=endpoint.pk)
        rows = sent.order_by("-created_at", "-pk")[page.skip : page.skip + page.size]
        results = list(serializers.WebhookDeliverySerializer(rows, many=True).data)
        return Response(page.envelope(request, count=sent.count(), results=results))
