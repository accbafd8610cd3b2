"""Tanks, the devices that watch them, and their alerts. Readings live in `tanks.readings`."""

from bson import ObjectId
from django.conf import settings
from django.db import models
from django_mongodb_backend.fields import ArrayField, EmbeddedModelField, ObjectIdField
from django_mongodb_backend.models import EmbeddedModel

from accounts.models import Supplier
from common.models import TimestampedModel
from common.time import utc_now


class Source(models.TextChoices):
    SENSOR = "sensor", "Sensor"
    MANUAL = "manual", "Manual"
    ESTIMATED = "estimated", "Estimated"


class Quality(models.TextChoices):
    GOOD = "good", "Good"
    SUSPECT = "suspect", "Suspect"
    ESTIMATED = "estimated", "Estimated"


class CurrentLevel(EmbeddedModel):
    """The newest believed reading: `level` in percent of capacity, `volume_liters`, `timestamp` UTC."""

    level = models.FloatField()
    volume_liters = models.FloatField()
    timestamp = models.DateTimeField()
    source = models.CharField(max_length=16, choices=Source, default=Source.SENSOR)
    quality = models.CharField(max_length=16, choices=Quality, default=Quality.GOOD)


class TankGeometry(EmbeddedModel):
    """Shape for devices that report a distance or a depth; see `tanks.geometry` for the arithmetic."""

    shape = models.CharField(max_length=32)
    height_mm = models.FloatField()
    sensor_offset_mm = models.FloatField(default=0)
    table = models.JSONField(null=True, blank=True, help_text="strapping table: [[mm, litres], …]")


class GeoPoint(EmbeddedModel):
    """GeoJSON point; `coordinates` are longitude, latitude."""

    type = models.CharField(max_length=8, default="Point")
    coordinates = ArrayField(models.FloatField(), size=2)


class DeviceKind(models.TextChoices):
    """How a device speaks; each has a decoder in `iot.decoders`."""

    JSON = "json", "JSON"
    TASMOTA = "tasmota", "Tasmota"
    ESPHOME = "esphome", "ESPHome"
    SHELLY = "shelly", "Shelly"
    TTN = "ttn", "The Things Network"
    CHIRPSTACK = "chirpstack", "ChirpStack"
    MILESIGHT_EM500_UDL = "milesight_em500_udl", "Milesight EM500-UDL"
    MILESIGHT_EM500_SWL = "milesight_em500_swl", "Milesight EM500-SWL"
    DRAGINO_LDDS = "dragino_ldds", "Dragino LDDS"
    SPARKPLUG_B = "sparkplug_b", "Sparkplug B"
    THINGSBOARD = "thingsboard", "ThingsBoard"


class Tank(TimestampedModel):
    user_id: ObjectId

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tanks", db_index=False
    )
    series = models.BigIntegerField(unique=True, editable=False, help_text="prefix of its readings' keys")
    name = models.CharField(max_length=100, blank=True, default="")
    capacity = models.FloatField(help_text="litres")
    avg_daily_usage = models.FloatField(null=True, blank=True, help_text="litres a day, calculated")
    low_water_threshold = models.FloatField(default=25, help_text="percent")
    critical_threshold = models.FloatField(default=10, help_text="percent")
    auto_order = models.BooleanField(default=False)
    order_pauses = models.JSONField(
        default=list, blank=True, help_text="no automatic order: [{from, to}], dates, both included"
    )
    monthly_order_limit = models.FloatField(
        null=True, blank=True, help_text="litres that may be ordered automatically in a calendar month"
    )
    preferred_supplier = models.ForeignKey(
        Supplier, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    device_id = models.CharField(max_length=128, null=True, blank=True)
    device_kind = models.CharField(max_length=32, choices=DeviceKind, default=DeviceKind.JSON)
    geometry = EmbeddedModelField(TankGeometry, null=True, blank=True)
    installed_date = models.DateTimeField(null=True, blank=True)
    last_maintenance = models.DateTimeField(null=True, blank=True)
    location = EmbeddedModelField(GeoPoint, null=True, blank=True)

    current_level = EmbeddedModelField(CurrentLevel, null=True, blank=True, editable=False)
    filter_state = models.JSONField(null=True, blank=True, editable=False)
    forecast = models.JSONField(null=True, blank=True, editable=False)
    mind_due = models.DateTimeField(
        default=utc_now, editable=False, help_text="when its mind is looked at, reading or not"
    )
    supplier_ids = ArrayField(
        ObjectIdField(), default=list, blank=True, editable=False, help_text="suppliers who may see it"
    )
    device_slots = models.IntegerField(default=0, editable=False, help_text="devices it has ever had")
    placing_until = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        indexes = [
            models.Index(fields=["user", "-created_at"], name="tank_user_created"),
            models.Index(fields=["device_id"], name="tank_device"),
            models.Index(fields=["supplier_ids"], name="tank_suppliers"),
            models.Index(fields=["mind_due"], name="tank_mind_due"),
        ]

    def __str__(self) -> str:
        return self.name or f"Tank {self.pk}"


class Mind(models.Model):
    """What is known of a tank's water beyond its readings; apart from the tank, which every reading rewrites.

    `version` is another one with every write, which names the one it read. `clock` is the time of the newest reading
    taken in. Rows of `days`: ordinal, litres, night flow, estimated; `refills`, `habits` and `outlook` as
    `tanks.mind_state` and `tanks.services.minds` make them.
    """

    tank = models.OneToOneField(
        Tank, on_delete=models.CASCADE, primary_key=True, db_column="_id", related_name="mind"
    )
    version = models.BigIntegerField(default=0)
    clock = models.BigIntegerField(default=0, help_text="ms since 1970")
    ticked_at = models.DateTimeField(default=utc_now, help_text="until when time has passed for it")
    late = models.BooleanField(default=False, help_text="readings came too late for it since it was made")
    made_at = models.DateTimeField(help_text="when it was last made from the stored readings")
    remakes = models.IntegerField(default=0, help_text="how often it was made anew lately")
    capacity = models.FloatField()
    timezone = models.CharField(max_length=64)
    lead_days = models.FloatField(default=1)
    state = models.BinaryField(editable=False)
    days = models.JSONField(default=list)
    refills = models.JSONField(default=list)
    habits = models.JSONField(default=dict)
    outlook = models.JSONField(null=True)

    def __str__(self) -> str:
        return f"Mind of {self.pk}"


class DeviceStatus(models.TextChoices):
    REGISTERED = "registered", "Registered"
    ONLINE = "online", "Online"
    OFFLINE = "offline", "Offline"
    FAULTY = "faulty", "Faulty"


class Device(TimestampedModel):
    """A sensor, named by the id that its maker or its owner gave it. The secret is stored hashed."""

    tank_id: ObjectId | None

    device_id = models.CharField(max_length=128, unique=True)
    tank = models.ForeignKey(
        Tank, on_delete=models.CASCADE, null=True, blank=True, related_name="devices", db_index=False
    )
    kind = models.CharField(max_length=32, choices=DeviceKind, default=DeviceKind.JSON)
    slot = models.IntegerField(default=1, editable=False, help_text="its number among the tank's devices")
    secret_hash = models.CharField(max_length=64, editable=False)
    previous_secret_hash = models.CharField(max_length=64, blank=True, default="", editable=False)
    previous_secret_until = models.DateTimeField(null=True, blank=True, editable=False)
    claim_hash = models.CharField(max_length=64, blank=True, default="", editable=False)
    batch = models.CharField(max_length=100, blank=True, default="", help_text="with which it was shipped")
    settings = models.JSONField(
        default=dict, blank=True, help_text="decoder settings, such as a field or a unit"
    )
    decoder_state = models.JSONField(default=dict, blank=True, editable=False)
    status = models.CharField(max_length=16, choices=DeviceStatus, default=DeviceStatus.REGISTERED)
    status_changed_at = models.DateTimeField(null=True, blank=True)
    last_seen = models.DateTimeField(null=True, blank=True)
    interval_seconds = models.FloatField(null=True, blank=True, help_text="learned reporting interval")
    battery_percent = models.FloatField(null=True, blank=True)
    rssi_dbm = models.FloatField(null=True, blank=True)
    temperature_c = models.FloatField(null=True, blank=True)
    firmware = models.CharField(max_length=64, blank=True, default="")
    sensor_errors = models.IntegerField(default=0, editable=False, help_text="faults told in a row")

    class Meta:
        indexes = [
            models.Index(fields=["device_id"], name="device_device_id"),
            models.Index(fields=["tank"], name="device_tank"),
            models.Index(fields=["claim_hash"], name="device_claim"),
            models.Index(fields=["status", "last_seen"], name="device_status_seen"),
        ]

    def __str__(self) -> str:
        return self.device_id


class AlertKind(models.TextChoices):
    LOW = "low", "Low level"
    CRITICAL = "critical", "Critical level"
    RUNOUT_SOON = "runout_soon", "Runs out soon"
    LEAK = "leak", "Leak"
    BURST = "burst", "Burst"
    STUCK = "stuck", "Stuck sensor"
    NOISY = "noisy", "Noisy sensor"
    FAULTY = "faulty", "Faulty sensor"
    OFFLINE = "offline", "Sensor offline"
    OVERFILL = "overfill", "Overfill"
    UNEXPECTED_REFILL = "unexpected_refill", "Unexpected refill"


class Severity(models.TextChoices):
    INFO = "info", "Information"
    WARNING = "warning", "Warning"
    CRITICAL = "critical", "Critical"


class Alert(TimestampedModel):
    """A condition of a tank from `opened_at` to `closed_at`, with its evidence. One open alert a tank and kind."""

    tank_id: ObjectId

    tank = models.ForeignKey(Tank, on_delete=models.CASCADE, related_name="alerts", db_index=False)
    user_id = ObjectIdField()
    kind = models.CharField(max_length=32, choices=AlertKind)
    severity = models.CharField(max_length=16, choices=Severity)
    is_open = models.BooleanField(default=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    evidence = models.JSONField(default=dict)
    notified_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    snoozed_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["tank", "-opened_at"], name="alert_tank_opened"),
            models.Index(fields=["is_open", "kind"], name="alert_open_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} on {self.tank}"
