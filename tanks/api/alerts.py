"""`/api/tanks/:id/alerts`: what is or was wrong with a tank, and what its owner says to that."""

from bson import ObjectId
from django.http import HttpResponse
from django_filters.rest_framework import FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.views import APIView

from accounts.api.requests import IdentityRequest
from common.api.fields import InstantField
from common.api.filters import FilteredView, FlagFilter
from common.api.pagination import PagePagination, page_of
from common.api.permissions import IsCustomer
from common.api.requests import valid
from common.api.responses import JsonBytes
from common.mongo import collection
from tanks.api.serializers import AlertSerializer
from tanks.models import Alert
from tanks.selectors import alert_get_for, alert_payload, alerts_page, tank_get_for
from tanks.services.alerts import alert_acknowledge, alert_snooze


class AlertFilters(FilterSet):
    open = FlagFilter(column="is_open", help_text="only open ones, or only closed ones")


class AlertsView(FilteredView):
    permission_classes = [IsCustomer]
    queryset = Alert.objects.all()
    filterset_class = AlertFilters
    pagination_class = PagePagination

    @extend_schema(
        operation_id="tanks_alerts_list",
        summary="A tank's alerts, newest first, with their evidence",
        responses=AlertSerializer(many=True),
    )
    def get(self, request: IdentityRequest, tank_id: ObjectId) -> HttpResponse:
        only_open = self.asked(request).get("open")
        page = page_of(request)
        tank = tank_get_for(user_id=request.user.pk, tank_id=tank_id)
        count, results = alerts_page(tank=tank, only_open=only_open, skip=page.skip, limit=page.size)
        return JsonBytes(page.envelope(request, count=count, results=results))


class SnoozeSerializer(serializers.Serializer):
    until = InstantField(help_text="within the next 90 days")


class AcknowledgeView(APIView):
    permission_classes = [IsCustomer]
    problem_statuses = {"POST": [409]}

    @extend_schema(
        operation_id="tanks_alerts_acknowledge",
        summary="Say that an alert was seen",
        description="It is told no more. 409 `alert_closed` when it is over.",
        request=None,
        responses=AlertSerializer,
    )
    def post(self, request: IdentityRequest, tank_id: ObjectId, alert_id: ObjectId) -> HttpResponse:
        alert = alert_get_for(user_id=request.user.pk, tank_id=tank_id, alert_id=alert_id)
        return _told(alert_acknowledge(alert=alert))


class SnoozeView(APIView):
    permission_classes = [IsCustomer]
    problem_statuses = {"POST": [409]}

    @extend_schema(
        operation_id="tanks_alerts_snooze",
        summary="Hear no more of an alert for a while",
        description="It is told again after `until` if it still is open. 409 `alert_closed` when it is over.",
        request=SnoozeSerializer,
        responses=AlertSerializer,
    )
    def post(self, request: IdentityRequest, tank_id: ObjectId, alert_id: ObjectId) -> HttpResponse:
        alert = alert_get_for(user_id=request.user.pk, tank_id=tank_id, alert_id=alert_id)
        fields = valid(SnoozeSerializer(data=request.data))
        return _told(alert_snooze(alert=alert, until=fields["until"]))


def _told(alert: Alert) -> HttpResponse:
    document = collection(Alert).find_one({"_id": alert.pk})
    assert document is not None  # just read
    return JsonBytes(alert_payload(document))
