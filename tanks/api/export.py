"""`GET /api/tanks/:id/levels/export`: a tank's whole history as a file."""

from typing import Any

from bson import ObjectId
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.views import APIView

from accounts.api.requests import IdentityRequest
from common.api.permissions import IsCustomer
from common.api.schema import INSTANT_SCHEMA
from tanks import readings
from tanks.api.levels import parse_export_query
from tanks.exports import CSV, PARQUET, TYPES, export
from tanks.selectors import tank_get_for


class AsAsked(BaseContentNegotiation):
    """`format` in the address says what is sent, not the Accept header."""

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


class LevelsExportView(APIView):
    permission_classes = [IsCustomer]
    content_negotiation_class = AsAsked

    @extend_schema(
        operation_id="tanks_levels_export",
        summary="A tank's whole history as a file",
        description="Oldest first: timestamp, level (percent), volumeLiters, source, quality.",
        parameters=[
            OpenApiParameter("format", str, enum=[CSV, PARQUET], default=CSV),
            OpenApiParameter("from", INSTANT_SCHEMA, description="from this time on"),
            OpenApiParameter("to", INSTANT_SCHEMA, description="before this time"),
        ],
        responses={
            (200, "text/csv"): OpenApiTypes.STR,
            (200, TYPES[PARQUET]): OpenApiTypes.BINARY,
        },
    )
    def get(self, request: IdentityRequest, tank_id: ObjectId) -> StreamingHttpResponse:
        form, start, before = parse_export_query(request.query_params.dict())
        tank = tank_get_for(user_id=request.user.pk, tank_id=tank_id)
        rows = readings.oldest_first(tank.series, start=start, before=before)
        name = f"tank-{tank.pk}.{form}"
        return StreamingHttpResponse(
            export(rows, form=form),
            content_type=TYPES[form],
            headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
        )
