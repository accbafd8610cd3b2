"""`/api/tanks/:id/usage`: what a household draws from its tank."""

from bson import ObjectId
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.views import APIView

from accounts.api.requests import IdentityRequest
from common.api.fields import FlagField, InstantField, LineField, NumberField, ObjectIdField
from common.api.permissions import IsCustomer
from common.api.responses import JsonBytes
from common.errors import DomainError
from tanks.api.serializers import DayField
from tanks.habits import usage_payload
from tanks.selectors import tank_get_for

DEFAULT_DAYS, MAX_DAYS = 30, 90


class DayUseSerializer(serializers.Serializer):
    date = DayField()
    liters = NumberField()
    night_flow = NumberField(help_text="litres an hour, the least of the night's hours")
    estimated = FlagField(help_text="too much of the day was not measured")


class RefillSerializer(serializers.Serializer):
    start_at = InstantField()
    at = InstantField(help_text="when it ended")
    liters = NumberField()
    uncertainty_liters = NumberField(help_text="one standard deviation")
    level_before = NumberField(help_text="percent")
    level_after = NumberField(help_text="percent")
    order_id = ObjectIdField(allow_null=True, help_text="the order that explains it")


class UsageSerializer(serializers.Serializer):
    timezone = LineField(max_length=64)
    average = NumberField(allow_null=True, help_text="litres a day, of the days told")
    daily = DayUseSerializer(many=True)
    weekday_profile = serializers.ListField(
        child=NumberField(), help_text="litres of an average Monday … Sunday; empty while unknown"
    )
    hour_profile = serializers.ListField(
        child=NumberField(), help_text="litres in each of an average day's 24 hours; empty while unknown"
    )
    night_flow = NumberField(allow_null=True, help_text="litres an hour, the least of the last nights")
    refills = RefillSerializer(many=True)


class UsageView(APIView):
    permission_classes = [IsCustomer]

    @extend_schema(
        operation_id="tanks_usage_read",
        summary="Daily use, habits and refills of a tank",
        description="Days are those of the owner's time zone, newest first; today is told when it is over. "
        "Everything is empty until the first day is.",
        parameters=[
            OpenApiParameter(
                "days", {"type": "integer", "minimum": 1, "maximum": MAX_DAYS, "default": DEFAULT_DAYS}
            ),
        ],
        responses=UsageSerializer,
    )
    def get(self, request: IdentityRequest, tank_id: ObjectId) -> HttpResponse:
        text = request.query_params.get("days", str(DEFAULT_DAYS))
        if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MAX_DAYS):
            message = f"Give a whole number from 1 to {MAX_DAYS}."
            raise DomainError("invalid", message, status=400, errors={"days": [message]})
        tank = tank_get_for(user_id=request.user.pk, tank_id=tank_id)
        return JsonBytes(usage_payload(tank_id=tank.pk, days=int(text)))
