"""`/api/supplier/drivers` and `/api/supplier/vehicles`: two kinds of one thing."""

from typing import Any

from bson import ObjectId
from django.db.models import QuerySet
from django_filters.rest_framework import FilterSet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics
from rest_framework.mixins import UpdateModelMixin
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from accounts.api.requests import IdentityRequest
from common.api.filters import FlagFilter
from common.api.permissions import IsSupplier
from suppliers import crew
from suppliers.api import serializers
from suppliers.models import Driver, Vehicle


class CrewFilters(FilterSet):
    active = FlagFilter(help_text="only those at work, or only those who are not")


class CrewView(generics.GenericAPIView):
    """What belongs to the supplier who asks, newest first. Anything else is 404."""

    permission_classes = [IsSupplier]
    request: IdentityRequest  # type: ignore[assignment]

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().filter(supplier_id=self.request.user.pk)


class CrewListView(generics.ListCreateAPIView, CrewView):
    filterset_class = CrewFilters

    def perform_create(self, serializer: BaseSerializer[Any]) -> None:
        serializer.save(supplier_id=self.request.user.pk)

    def get_success_headers(self, data: Any) -> dict[str, str]:
        return {"Location": self.request.build_absolute_uri(f"{self.request.path}/{data['id']}")}


class CrewOneView(generics.RetrieveDestroyAPIView, UpdateModelMixin, CrewView):
    pagination_class = None

    def patch(self, request: IdentityRequest, **ids: ObjectId) -> Response:
        return self.partial_update(request, **ids)


DRIVERS = Driver.objects.order_by("-created_at", "-pk")
VEHICLES = Vehicle.objects.order_by("-created_at", "-pk")


@extend_schema_view(
    get=extend_schema(operation_id="supplier_drivers_list", summary="One's drivers, newest first"),
    post=extend_schema(operation_id="supplier_drivers_create", summary="Add a driver"),
)
class DriversView(CrewListView):
    queryset = DRIVERS
    serializer_class = serializers.DriverSerializer


@extend_schema_view(
    get=extend_schema(operation_id="supplier_drivers_read", summary="One of one's drivers"),
    patch=extend_schema(
        operation_id="supplier_drivers_update",
        summary="Change a driver",
        request=serializers.DriverSerializer(partial=True),
    ),
    delete=extend_schema(operation_id="supplier_drivers_delete", summary="Remove a driver"),
)
class DriverView(CrewOneView):
    queryset = DRIVERS
    serializer_class = serializers.DriverSerializer
    lookup_url_kwarg = "driver_id"

    def perform_destroy(self, instance: Driver) -> None:
        crew.driver_delete(driver=instance)


@extend_schema_view(
    get=extend_schema(operation_id="supplier_vehicles_list", summary="One's vehicles, newest first"),
    post=extend_schema(operation_id="supplier_vehicles_create", summary="Add a vehicle"),
)
class VehiclesView(CrewListView):
    queryset = VEHICLES
    serializer_class = serializers.VehicleSerializer
    problem_statuses = {"POST": [404]}


@extend_schema_view(
    get=extend_schema(operation_id="supplier_vehicles_read", summary="One of one's vehicles"),
    patch=extend_schema(
        operation_id="supplier_vehicles_update",
        summary="Change a vehicle",
        request=serializers.VehicleSerializer(partial=True),
    ),
    delete=extend_schema(operation_id="supplier_vehicles_delete", summary="Remove a vehicle"),
)
class VehicleView(CrewOneView):
    queryset = VEHICLES
    serializer_class = serializers.VehicleSerializer
    lookup_url_kwarg = "vehicle_id"

    def perform_destroy(self, instance: Vehicle) -> None:
        crew.vehicle_delete(vehicle=instance)
