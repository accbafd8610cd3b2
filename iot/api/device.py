"""`/api/tanks/:id/device`: how a tank's device fares, and how it is read."""

from typing import Any

from bson import ObjectId
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.views import APIView

from accounts.api.requests import IdentityRequest
from common.api.fields import ChoiceField, InstantField, LineField, NumberField, TimezoneField
from common.api.permissions import IsCustomer
from common.api.requests import valid
from common.api.responses import JsonBytes
from common.errors import NotFoundError
from common.time import utc_now
from iot.decoders.base import DecodeError
from iot.decoders.fields import UNITS, is_measured_in, scale_for
from tanks.changes import device_changed
from tanks.models import Device, DeviceKind, DeviceStatus
from tanks.selectors import tank_get_for

QUANTITIES = ["level", "volume", "distance", "depth"]
SETTINGS = ("field", "unit", "quantity", "timezone")


UNMEASURED = {
    quantity: [unit for unit in UNITS if not is_measured_in(quantity, unit)] for quantity in QUANTITIES
}


class DeviceSettingsSerializer(serializers.Serializer):
    schema_rules = {
        "allOf": [
            {
                "if": {"properties": {"quantity": {"const": quantity}}, "required": ["quantity"]},
                "then": {"properties": {"unit": {"not": {"enum": units}}}},
            }
            for quantity, units in UNMEASURED.items()
        ]
    }

    field = LineField(
        max_length=200,
        required=False,
        allow_null=True,
        help_text="which field of its payload is the level; a dotted path",
    )
    unit = ChoiceField(choices=list(UNITS), required=False, allow_null=True)
    quantity = ChoiceField(
        choices=QUANTITIES, required=False, allow_null=True, help_text="where unit and name leave it open"
    )
    timezone = TimezoneField(required=False, allow_null=True, help_text="of its clock, when that sends none")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("unit") and attrs.get("quantity"):
            try:
                scale_for(attrs["quantity"], attrs["unit"])
            except DecodeError as error:
                raise serializers.ValidationError({"unit": [error.detail]}) from error
        return attrs


class DeviceSerializer(serializers.Serializer):
    device_id = LineField(max_length=128)
    device_kind = ChoiceField(choices=DeviceKind.choices)
    status = ChoiceField(choices=DeviceStatus.choices)
    status_changed_at = InstantField(allow_null=True)
    last_seen = InstantField(allow_null=True)
    interval_seconds = NumberField(allow_null=True, help_text="between its readings, as learned")
    battery_percent = NumberField(allow_null=True)
    rssi_dbm = NumberField(allow_null=True)
    temperature_c = NumberField(allow_null=True)
    firmware = serializers.CharField(allow_blank=True)
    settings = DeviceSettingsSerializer()


class DeviceView(APIView):
    permission_classes = [IsCustomer]

    @extend_schema(
        operation_id="tanks_device_read",
        summary="How the tank's device fares",
        description="404 `no_device` for a tank without one.",
        responses=DeviceSerializer,
    )
    def get(self, request: IdentityRequest, tank_id: ObjectId) -> HttpResponse:
        return JsonBytes(_payload(_device_for(request, tank_id)))

    @extend_schema(
        operation_id="tanks_device_update",
        summary="How the device's payloads are read",
        description="As `POST /api/iot/infer` suggests it. What is not given stays, null takes a setting away.",
        request=DeviceSettingsSerializer,
        responses=DeviceSerializer,
    )
    def patch(self, request: IdentityRequest, tank_id: ObjectId) -> HttpResponse:
        device = _device_for(request, tank_id)
        kept = {name: device.settings[name] for name in SETTINGS if device.settings.get(name)}
        whole = {**kept, **valid(DeviceSettingsSerializer(data=request.data))}
        DeviceSettingsSerializer().validate(whole)
        settings = {**device.settings, **whole}
        device.settings = {name: value for name, value in settings.items() if value is not None}
        Device.objects.filter(pk=device.pk).update(settings=device.settings, updated_at=utc_now())
        device_changed(device.device_id)
        return JsonBytes(_payload(device))


def _device_for(request: IdentityRequest, tank_id: ObjectId) -> Device:
    tank = tank_get_for(user_id=request.user.pk, tank_id=tank_id)
    device: Device | None = Device.objects.filter(tank_id=tank.pk, device_id=tank.device_id).first()
    if device is None:
        raise NotFoundError("device", code="no_device")
    return device


def _payload(device: Device) -> dict[str, Any]:
    return {
        "deviceId": device.device_id,
        "deviceKind": device.kind,
        "status": device.status,
        "statusChangedAt": device.status_changed_at,
        "lastSeen": device.last_seen,
        "intervalSeconds": device.interval_seconds,
        "batteryPercent": device.battery_percent,
        "rssiDbm": device.rssi_dbm,
        "temperatureC": device.temperature_c,
        "firmware": device.firmware,
        "settings": {name: device.settings[name] for name in SETTINGS if device.settings.get(name)},
    }
