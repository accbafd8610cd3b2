"""`/api/iot`: readings posted over HTTP and pushed by LoRaWAN servers; what a payload would mean."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.views import APIView

from accounts.api.requests import IdentityRequest
from common.api.idempotency import idempotent
from common.api.requests import valid
from common.api.responses import JsonBytes
from common.errors import DomainError
from common.time import utc_now
from iot.api import serializers
from iot.api.authentication import (
    DeviceAuthentication,
    GatewayAuthentication,
    IsSender,
    SenderRequest,
    TokenAuthentication,
)
from iot.api.bodies import RawJsonParser, body_of
from iot.api.envelopes import envelope_schema
from iot.decoders import chirpstack, thingsboard, ttn
from iot.explain import explain
from iot.ingest.batch import Batch, Message
from iot.ingest.known import known_tank
from iot.ingest.pipeline import pipeline_of_thread
from tanks.selectors import tank_get_for

READING: dict[str, Any] = {
    "type": "object",
    "description": "Exactly one of `level` (percent), `volumeLiters`, `distanceMm` (from the sensor down to the "
    "water) and `depthMm`. `timestamp` is ISO 8601 with a zone, or epoch seconds or milliseconds; without one "
    "the time of arrival counts. Optional: `battery` (percent), `rssi` (dBm), `temperature` (°C). "
    "An item that is not so comes back in `rejected`; the others stand.",
}
READINGS: dict[str, Any] = {
    "oneOf": [READING, {"type": "array", "minItems": 1, "maxItems": 1000, "items": {}}],
}
TELEMETRY: dict[str, Any] = {"oneOf": [{"type": "object"}, {"type": "array", "maxItems": 1000, "items": {}}]}
WHOLE_BODY = {"empty", "not_json", "too_deep", "too_many_items", "wrong_type"}


class WaterLevelView(APIView):
    authentication_classes = [DeviceAuthentication]
    permission_classes = [IsSender]
    parser_classes = [RawJsonParser]
    throttle_scope = "device"

    @extend_schema(
        operation_id="iot_water_level",
        summary="A device's readings",
        description="One reading or up to 1,000. A reading of the same device and time as one before is a "
        "duplicate: counted, and stored once. Late ones are stored in their place.",
        request={"application/json": READINGS},
        responses={202: serializers.TakenSerializer},
        examples=[
            OpenApiExample(
                "one", {"level": 61.5, "timestamp": "2026-05-01T12:00:00Z", "battery": 88}, request_only=True
            )
        ],
    )
    @idempotent
    def post(self, request: SenderRequest) -> HttpResponse:
        return _take(request, transport="http", kind="json")


class ThingsboardView(APIView):
    authentication_classes = [TokenAuthentication]
    permission_classes = [IsSender]
    parser_classes = [RawJsonParser]
    throttle_scope = "device"
    problem_statuses = {"POST": [401]}

    @extend_schema(
        operation_id="iot_thingsboard_telemetry",
        summary="Telemetry of a device made for ThingsBoard",
        description='As ThingsBoard\'s own HTTP API takes it: `{"level": 61.5}`, `{"ts": …, "values": {…}}`, or an '
        "array of these. The token is the device's `<deviceId>:<deviceSecret>`.",
        tags=["iot"],
        auth=[],  # no header: the token is in the address
        request={"application/json": TELEMETRY},
        responses={200: serializers.TakenSerializer},
    )
    def post(self, request: SenderRequest, token: str) -> HttpResponse:
        batch = _run(request, transport="http", kind="thingsboard", topic=thingsboard.DEVICE_TOPIC)
        return JsonBytes(_taken(batch), status=200)


class _WebhookView(APIView):
    authentication_classes = [GatewayAuthentication]
    permission_classes = [IsSender]
    parser_classes = [RawJsonParser]
    throttle_scope = "gateway"


class TtnView(_WebhookView):
    @extend_schema(
        operation_id="iot_webhook_ttn",
        summary="An uplink pushed by The Things Stack",
        description="The authorization names a gateway, or the one device that the uplink is of.",
        request={"application/json": envelope_schema(ttn.Envelope)},
        responses={202: serializers.TakenSerializer},
    )
    def post(self, request: SenderRequest) -> HttpResponse:
        return _take(request, transport="ttn", kind="ttn")


class ChirpstackView(_WebhookView):
    @extend_schema(
        operation_id="iot_webhook_chirpstack",
        summary="An event pushed by ChirpStack",
        description="The authorization names a gateway, or the one device that the event is of.",
        request={"application/json": envelope_schema(chirpstack.Envelope)},
        responses={202: serializers.TakenSerializer},
    )
    def post(self, request: SenderRequest) -> HttpResponse:
        return _take(request, transport="chirpstack", kind="chirpstack")


def _take(request: SenderRequest, *, transport: str, kind: str) -> HttpResponse:
    return JsonBytes(_taken(_run(request, transport=transport, kind=kind)), status=202)


def _run(request: SenderRequest, *, transport: str, kind: str, topic: str = "") -> Batch:
    """The body through the pipeline. Raises DomainError (400) for one that is unusable as a whole."""
    message = Message(
        transport=transport,
        kind=kind,
        topic=topic,
        device_id=request.user.device_id,
        payload=body_of(request),
        received_at=utc_now(),
    )
    pipeline = pipeline_of_thread()
    # Who the sender is was asked of the same pipeline's devices, so that they are as new as can be.
    batch = pipeline.run(pipeline.begin([message], changes_heard=True))
    for rejection in batch.rejections:
        if rejection.item is None and rejection.code in WHOLE_BODY:
            raise DomainError(
                rejection.code, rejection.detail, status=400, errors={"nonFieldErrors": [rejection.detail]}
            )
    return batch


def _taken(batch: Batch) -> dict[str, Any]:
    return {
        "accepted": len(batch.samples) - len(batch.duplicates) + len(batch.statuses),
        "duplicates": len(batch.duplicates),
        "rejected": [
            {"index": rejection.item or 0, "code": rejection.code, "detail": rejection.detail}
            for rejection in sorted(batch.rejections, key=lambda one: one.item or 0)
        ],
    }


class InferView(APIView):
    permission_classes = [IsAuthenticated]
    problem_statuses = {"POST": [404]}

    @extend_schema(
        operation_id="iot_infer",
        summary="What an unknown payload most likely means",
        description="Decoder, field, unit and direction, best guess first, and the level each would give in a "
        "tank of one's own. Nothing is saved.",
        request=serializers.PastedSerializer,
        responses=serializers.InferredSerializer,
    )
    def post(self, request: IdentityRequest) -> HttpResponse:
        pasted = valid(serializers.PastedSerializer(data=request.data))
        tank = None
        if pasted.get("tank_id"):
            tank = known_tank(tank_get_for(user_id=request.user.pk, tank_id=pasted["tank_id"]).pk)
        results = explain(payload=pasted["payload"].encode(), topic=pasted.get("topic"), tank=tank)
        return JsonBytes({"results": results})
