"""`/api/tanks`: a customer's own tanks, their levels, alerts and devices."""

from typing import Any

from bson import ObjectId
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.requests import IdentityRequest
from common.api.pagination import PagePagination, page_of
from common.api.permissions import IsCustomer
from common.api.requests import valid
from common.api.responses import JsonBytes, conditional_json
from common.api.schema import INSTANT_SCHEMA
from common.errors import NotFoundError
from tanks.api import serializers
from tanks.api.levels import CURSOR, DEFAULT_LIMIT, MAX_LIMIT, RAW, levels_page, parse_levels_query
from tanks.intervals import LENGTHS
from tanks.models import Device
from tanks.selectors import (
    current_level_for,
    reading_payload,
    tank_get_for,
    tank_payload_for,
    tank_series_for,
    tanks_page,
)
from tanks.services.claims import device_claim
from tanks.services.devices import device_secret_rotate
from tanks.services.manual import reading_record_manual
from tanks.services.tanks import tank_create, tank_delete, tank_update


class TanksView(APIView):
    permission_classes = [IsCustomer]
    pagination_class = PagePagination
    conditional = True
    problem_statuses = {"POST": [404, 409]}

    @extend_schema(
        operation_id="tanks_list",
        summary="One's tanks, newest first",
        responses=serializers.TankSerializer(many=True),
    )
    def get(self, request: IdentityRequest) -> HttpResponse:
        page = page_of(request)
        count, results = tanks_page(user_id=request.user.pk, skip=page.skip, limit=page.size)
        return conditional_json(request, page.envelope(request, count=count, results=results))

    @extend_schema(
        operation_id="tanks_create",
        summary="Register a tank",
        description="With `deviceId` the device is registered too, and its secret is told this once.",
        request=serializers.TankFieldsSerializer,
        responses={201: serializers.TankWithSecretSerializer},
    )
    def post(self, request: IdentityRequest) -> HttpResponse:
        fields = valid(serializers.TankFieldsSerializer(data=request.data))
        tank, secret = tank_create(user_id=request.user.pk, **fields)
        payload = tank_payload_for(user_id=request.user.pk, tank_id=tank.pk)
        location = {"Location": request.build_absolute_uri(f"/api/tanks/{tank.pk}")}
        return JsonBytes(_with_secret(payload, secret), status=201, headers=location)


class TankView(APIView):
    permission_classes = [IsCustomer]
    conditional = True
    problem_statuses = {"PATCH": [409], "DELETE": [409]}

    @extend_schema(
        operation_id="tanks_read", summary="A tank of one's own", responses=serializers.TankSerializer
    )
    def get(self, request: IdentityRequest, tank_id: ObjectId) -> HttpResponse:
        return conditional_json(request, tank_payload_for(user_id=request.user.pk, tank_id=tank_id))

    @extend_schema(
        operation_id="tanks_update",
        summary="Change a tank's settings",
        description="A new `deviceId` replaces the device, and its secret is told this once; null takes it away.",
        request=serializers.TankFieldsSerializer(partial=True),
        responses=serializers.TankWithSecretSerializer,
    )
    def patch(self, request: IdentityRequest, tank_id: ObjectId) -> HttpResponse:
        tank = tank_get_for(user_id=request.user.pk, tank_id=tank_id)
        serializer = serializers.TankFieldsSerializer(
            data=request.data, partial=True, context={"capacity": tank.capacity}
        )
        secret = tank_update(tank=tank, **valid(serializer))
        return JsonBytes(_with_secret(tank_payload_for(user_id=request.user.pk, tank_id=tank_id), secret))

    @extend_schema(
        operation_id="tanks_delete",
        summary="Delete a tank with its readings",
        description="409 `open_order` while an order for it is open.",
        responses={204: None},
    )
    def delete(self, request: IdentityRequest, tank_id: ObjectId) -> HttpResponse:
        tank_delete(tank=tank_get_for(user_id=request.user.pk, tank_id=tank_id))
        return Response(status=204)


def _with_secret(payload: dict[str, Any], secret: str | None) -> dict[str, Any]:
    return payload if secret is None else {**payload, "deviceSecret": secret}


class LevelsView(APIView):
    permission_classes = [IsCustomer]
    problem_statuses = {"POST": [409]}

    @extend_schema(
        operation_id="tanks_levels_list",
        summary="A tank's level history, newest first",
        description="`next` is the address of the next page. With an `interval` each result sums up one: "
        "`{timestamp, avg, min, max, last, count, usageLiters, refillLiters}`.",
        parameters=[
            OpenApiParameter("from", INSTANT_SCHEMA, description="from this time on"),
            OpenApiParameter("to", INSTANT_SCHEMA, description="before this time"),
            OpenApiParameter("interval", str, enum=[RAW, *LENGTHS], default=RAW),
            OpenApiParameter(
                "limit",
                {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
            ),
            OpenApiParameter(
                "cursor",
                {"type": "string", "pattern": CURSOR.pattern},
                description="as in an answer's `next`",
            ),
        ],
        responses=serializers.LevelsSerializer,
    )
    def get(self, request: IdentityRequest, tank_id: ObjectId) -> HttpResponse:
        query = parse_levels_query(request.query_params.dict())
        series = tank_series_for(user_id=request.user.pk, tank_id=tank_id)
        return JsonBytes(levels_page(series=series, query=query, address=request.build_absolute_uri()))

    @extend_schema(
        operation_id="tanks_levels_create",
        summary="Record a level read off by a person",
        description="Believed at once. 409 `exceeds_capacity` for more litres than the tank holds, "
        "`future_timestamp` for a time still to come.",
        request=serializers.ManualReadingSerializer,
        responses={201: serializers.CurrentLevelSerializer},
    )
    def post(self, request: IdentityRequest, tank_id: ObjectId) -> HttpResponse:
        tank = tank_get_for(user_id=request.user.pk, tank_id=tank_id)
        fields = valid(serializers.ManualReadingSerializer(data=request.data))
        return JsonBytes(reading_payload(reading_record_manual(tank=tank, **fields)), status=201)


class CurrentLevelView(APIView):
    permission_classes = [IsCustomer]
    conditional = True

    @extend_schema(
        operation_id="tanks_levels_current",
        summary="The newest believed level",
        description="404 `no_reading` if there is none yet.",
        responses=serializers.CurrentLevelSerializer,
    )
    def get(self, request: IdentityRequest, tank_id: ObjectId) -> HttpResponse:
        return conditional_json(request, current_level_for(user_id=request.user.pk, tank_id=tank_id))


class RotateSecretView(APIView):
    permission_classes = [IsCustomer]

    @extend_schema(
        operation_id="tanks_device_rotate_secret",
        summary="A new secret for the tank's device",
        description="The secret before works for another 24 hours. 404 `no_device` for a tank without one.",
        request=None,
        responses=serializers.DeviceSecretSerializer,
    )
    def post(self, request: IdentityRequest, tank_id: ObjectId) -> HttpResponse:
        tank = tank_get_for(user_id=request.user.pk, tank_id=tank_id)
        device = Device.objects.filter(tank_id=tank.pk, device_id=tank.device_id).first()
        if device is None:
            raise NotFoundError("device", code="no_device")
        return JsonBytes({"deviceId": device.device_id, "deviceSecret": device_secret_rotate(device=device)})


class ClaimView(APIView):
    permission_classes = [IsCustomer]
    problem_statuses = {"POST": [404, 409]}

    @extend_schema(
        operation_id="devices_claim",
        summary="Claim a device by the code of its label",
        description="For devices that come with their secret in them: it stays as it is, and is not told. The "
        "device takes the place of the one that the tank has. 404 `unknown_claim_code`; 409 `already_claimed` "
        "while it belongs to another tank. Claiming one's own again changes nothing.",
        request=serializers.ClaimSerializer,
        responses=serializers.ClaimedSerializer,
    )
    def post(self, request: IdentityRequest) -> HttpResponse:
        fields = valid(serializers.ClaimSerializer(data=request.data))
        tank = tank_get_for(user_id=request.user.pk, tank_id=fields["tank_id"])
        device = device_claim(tank=tank, code=fields["claim_code"])
        return JsonBytes({"deviceId": device.device_id, "deviceKind": device.kind, "tankId": tank.pk})
