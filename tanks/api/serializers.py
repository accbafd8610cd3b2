"""Shapes of tanks, levels and alerts on the wire. Inputs are strict; outputs are read from `tanks.selectors`."""

import re
from typing import Any

from rest_framework import serializers

from accounts.models import Supplier
from common.api.fields import (
    ChoiceField,
    FlagField,
    InstantField,
    LineField,
    LitersField,
    NumberField,
    ObjectIdField,
    ShapeField,
)
from common.api.serializers import WholeSerializer
from common.errors import DomainError, NotFoundError
from tanks.device_ids import DEVICE_ID
from tanks.geometry import MAX_HEIGHT_MM, MAX_LITERS, MAX_TABLE_ROWS, Geometry, GeometryError
from tanks.models import AlertKind, DeviceKind, GeoPoint, Quality, Severity, Source, TankGeometry

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
SHAPES = ["vertical_cylinder", "horizontal_cylinder", "rectangular", "strapping_table"]


class PercentField(NumberField):
    """0 to 100."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=0, max_value=100, **options)


class GeometrySerializer(WholeSerializer):
    schema_rules = {
        "if": {"properties": {"shape": {"const": "strapping_table"}}, "required": ["shape"]},
        "then": {"properties": {"table": {"type": "array"}}, "required": ["table"]},
        "else": {"properties": {"table": {"type": "null"}}},
    }

    shape = ChoiceField(choices=SHAPES)
    height_mm = NumberField(min_value=1, max_value=MAX_HEIGHT_MM, help_text="mm, of the full level")
    sensor_offset_mm = NumberField(
        min_value=0,
        max_value=MAX_HEIGHT_MM,
        default=0,
        help_text="mm from the full level up to the sensor's face",
    )
    table = serializers.ListField(
        child=serializers.ListField(
            child=NumberField(min_value=0, max_value=MAX_LITERS), min_length=2, max_length=2
        ),
        min_length=2,
        max_length=MAX_TABLE_ROWS,
        required=False,
        allow_null=True,
        help_text="strapping table: rows of [mm, litres], both increasing",
    )


class LocationSerializer(WholeSerializer):
    latitude = NumberField(min_value=-90, max_value=90)
    longitude = NumberField(min_value=-180, max_value=180)


class CurrentLevelSerializer(serializers.Serializer):
    level = NumberField(help_text="percent of capacity")
    volume_liters = NumberField()
    timestamp = InstantField()
    source = ChoiceField(choices=Source.choices)  # type: ignore[assignment]
    quality = ChoiceField(choices=Quality.choices)


class QuantilesSerializer(serializers.Serializer):
    p10 = NumberField(allow_null=True)
    p50 = NumberField(allow_null=True)
    p90 = NumberField(allow_null=True)


class MomentsSerializer(serializers.Serializer):
    p10 = InstantField(allow_null=True)
    p50 = InstantField(allow_null=True)
    p90 = InstantField(allow_null=True)


class ForecastSerializer(serializers.Serializer):
    days_remaining = QuantilesSerializer(help_text="days until the tank is empty")
    runs_out_at = MomentsSerializer()


class AlertSerializer(serializers.Serializer):
    id = ObjectIdField()
    tank_id = ObjectIdField()
    kind = ChoiceField(choices=AlertKind.choices)
    severity = ChoiceField(choices=Severity.choices)
    opened_at = InstantField()
    closed_at = InstantField(allow_null=True)
    acknowledged_at = InstantField(allow_null=True)
    snoozed_until = InstantField(allow_null=True)
    evidence = serializers.DictField()


class DayField(serializers.DateField):
    """A date, YYYY-MM-DD, as text inside too."""

    default_error_messages = {"invalid": "Give a date as YYYY-MM-DD."}

    def to_internal_value(self, value: Any) -> str:  # type: ignore[override]
        if not (isinstance(value, str) and DAY.fullmatch(value)):
            self.fail("invalid")
        day: str = super().to_internal_value(value).isoformat()
        return day


class PauseSerializer(WholeSerializer):
    """Two dates between which nothing is ordered automatically, both included; in whichever order they come."""

    def get_fields(self) -> dict[str, Any]:
        return {"from": DayField(), "to": DayField()}  # the first is no name that Python allows

    def validate(self, attrs: dict[str, str]) -> dict[str, str]:
        first, last = sorted(attrs.values())
        return {"from": first, "to": last}


class TankFieldsSerializer(serializers.Serializer):
    """What an owner may say of a tank."""

    name = LineField(max_length=100, blank=True, required=False)
    capacity = LitersField(min_value=0.001, max_value=MAX_LITERS, help_text="litres")
    low_water_threshold = PercentField(required=False, help_text="percent; 25 unless given")
    critical_threshold = PercentField(required=False, help_text="percent; never above lowWaterThreshold")
    auto_order = FlagField(required=False)
    order_pauses = PauseSerializer(  # type: ignore[call-arg]
        many=True, required=False, max_length=20, help_text="when nothing is ordered automatically"
    )
    monthly_order_limit = LitersField(
        min_value=0,
        max_value=100 * MAX_LITERS,
        required=False,
        allow_null=True,
        help_text="litres that may be ordered automatically in a calendar month; null: no limit",
    )
    preferred_supplier = ObjectIdField(required=False, allow_null=True)
    device_id = ShapeField(
        DEVICE_ID,
        max_length=128,
        required=False,
        allow_null=True,
        error_messages={"shape": "Give one line without '#', '+' or a '$' or ':' at its start."},
    )
    device_kind = ChoiceField(choices=DeviceKind.choices, required=False)
    geometry = GeometrySerializer(required=False, allow_null=True)
    installed_date = InstantField(required=False, allow_null=True)
    last_maintenance = InstantField(required=False, allow_null=True)
    location = LocationSerializer(required=False, allow_null=True)

    def validate_preferred_supplier(self, value: Any) -> Supplier | None:
        if value is None:
            return None
        supplier = Supplier.objects.filter(pk=value, active=True).first()
        if supplier is None:
            raise NotFoundError("supplier")
        return supplier

    def validate_location(self, value: dict[str, float] | None) -> GeoPoint | None:
        return GeoPoint(coordinates=[value["longitude"], value["latitude"]]) if value else None

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The geometry must describe a real shape of the tank's capacity."""
        if not attrs.get("geometry"):
            return attrs
        shape = attrs["geometry"]
        capacity = attrs.get("capacity") or self.context["capacity"]
        try:
            Geometry(
                shape=shape["shape"],
                height_mm=shape["height_mm"],
                sensor_offset_mm=shape["sensor_offset_mm"],
                table=shape.get("table") or (),
                capacity_liters=capacity,
            )
        except GeometryError as error:
            if error.code == "table_not_increasing":
                # The schema cannot say so of a table; whoever keeps to it is told of a conflict.
                raise DomainError(
                    error.code, error.detail, errors={"geometry.table": [error.detail]}
                ) from error
            raise serializers.ValidationError({"geometry": [error.detail]}) from error
        attrs["geometry"] = TankGeometry(**{"table": None, **shape})
        return attrs


class TankSerializer(serializers.Serializer):
    """A tank as its owner reads it."""

    id = ObjectIdField()
    user_id = ObjectIdField()
    name = LineField(max_length=100, blank=True)
    capacity = NumberField(help_text="litres")
    avg_daily_usage = NumberField(allow_null=True, help_text="litres a day, calculated")
    low_water_threshold = NumberField(help_text="percent")
    critical_threshold = NumberField(help_text="percent")
    auto_order = FlagField()
    order_pauses = PauseSerializer(many=True)
    monthly_order_limit = NumberField(allow_null=True, help_text="litres a calendar month")
    preferred_supplier = ObjectIdField(allow_null=True)
    device_id = LineField(max_length=128, allow_null=True)
    device_kind = ChoiceField(choices=DeviceKind.choices)
    geometry = GeometrySerializer(allow_null=True)
    installed_date = InstantField(allow_null=True)
    last_maintenance = InstantField(allow_null=True)
    location = LocationSerializer(allow_null=True)
    current_level = CurrentLevelSerializer(allow_null=True)
    forecast = ForecastSerializer(allow_null=True)
    status = ChoiceField(choices=["ok", "low", "critical", "empty", "unknown"])
    device_status = ChoiceField(choices=["online", "offline", "faulty", "none"])
    open_alerts = AlertSerializer(many=True)
    created_at = InstantField()
    updated_at = InstantField()


class TankWithSecretSerializer(TankSerializer):
    device_secret = serializers.CharField(
        required=False, help_text="present when a device was registered, and told this once only"
    )


class DeviceSecretSerializer(serializers.Serializer):
    device_id = LineField(max_length=128)
    device_secret = serializers.CharField(help_text="told this once only")


class ClaimSerializer(serializers.Serializer):
    claim_code = LineField(max_length=64, help_text="of the device's label; case and dashes do not matter")
    tank_id = ObjectIdField(help_text="one's own tank")


class ClaimedSerializer(serializers.Serializer):
    device_id = LineField(max_length=128)
    device_kind = ChoiceField(choices=DeviceKind.choices)
    tank_id = ObjectIdField()


class ManualReadingSerializer(serializers.Serializer):
    """A level read off by a person: either `level` or `volumeLiters`."""

    schema_rules = {
        "if": {"required": ["level"]},
        "then": {"not": {"required": ["volumeLiters"]}},
        "else": {"required": ["volumeLiters"]},
    }

    level = PercentField(required=False, help_text="percent of capacity")
    volume_liters = LitersField(required=False, min_value=0, max_value=MAX_LITERS)
    timestamp = InstantField(required=False, help_text="now, unless given")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("level" in attrs) == ("volume_liters" in attrs):
            raise serializers.ValidationError("Give either level or volumeLiters.")
        return attrs


class IntervalSerializer(serializers.Serializer):
    timestamp = InstantField(help_text="the interval's start")
    avg = NumberField(help_text="percent")
    min = NumberField(help_text="percent")
    max = NumberField(help_text="percent")
    last = NumberField(help_text="percent")
    count = serializers.IntegerField()
    usage_liters = NumberField()
    refill_liters = NumberField()


class LevelsSerializer(serializers.Serializer):
    """Readings, or sums by interval when `interval` is not `raw`; newest first."""

    results = serializers.ListField(child=serializers.DictField())
    next = serializers.URLField(allow_null=True)
