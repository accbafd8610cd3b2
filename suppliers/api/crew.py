"""`/api/supplier/drivers` and `/api/supplier/vehicles`."""

from typing import Any

from bson import ObjectId
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.requests import IdentityRequest
from common.api.pagination import PagePagination, page_of
from common.api.permissions import IsSupplier
from common.api.requests import valid
from common.api.responses import JsonBytes
from common.mongo import Document
from suppliers import crew
from suppliers.api import serializers
from suppliers.models import Driver, Vehicle


def _driver(driver: Driver) -> Document:
    return {
        "id": driver.pk,
        "name": driver.name,
        "phone": driver.phone,
        "active": driver.active,
        "createdAt": driver.created_at,
        "updatedAt": driver.updated_at,
    }


def _vehicle(vehicle: Vehicle) -> Document:
    return {
        "id": vehicle.pk,
        "name": vehicle.name,
        "plate": vehicle.plate,
        "capacityLiters": vehicle.capacity_liters,
        "driverId": vehicle.driver_id,
        "active": vehicle.active,
        "createdAt": vehicle.created_at,
        "updatedAt": vehicle.updated_at,
    }


def _page(request: IdentityRequest, model: Any, payload: Any) -> HttpResponse:
    page = page_of(request)
    own = model.objects.filter(supplier_id=request.user.pk)
    found = own.order_by("-created_at", "-pk")[page.skip : page.skip + page.size]
    return JsonBytes(page.envelope(request, count=own.count(), results=[payload(thing) for thing in found]))


class DriversView(APIView):
    permission_classes = [IsSupplier]
    pagination_class = PagePagination

    @extend_schema(
        operation_id="supplier_drivers_list",
        summary="One's drivers, newest first",
        responses=serializers.DriverSerializer(many=True),
    )
    def get(self, request: IdentityRequest) -> HttpResponse:
        return _page(request, Driver, _driver)

    @extend_schema(
        operation_id="supplier_drivers_create",
        summary="Add a driver",
        request=serializers.DriverFieldsSerializer,
        responses={201: serializers.DriverSerializer},
    )
    def post(self, request: IdentityRequest) -> HttpResponse:
        fields = valid(serializers.DriverFieldsSerializer(data=request.data))
        driver = crew.driver_create(supplier_id=request.user.pk, **fields)
        location = {"Location": request.build_absolute_uri(f"/api/supplier/drivers/{driver.pk}")}
        return JsonBytes(_driver(driver), status=201, headers=location)


class DriverView(APIView):
    permission_classes = [IsSupplier]

    @extend_schema(
        operation_id="supplier_drivers_read",
        summary="One of one's drivers",
        responses=serializers.DriverSerializer,
    )
    def get(self, request: IdentityRequest, driver_id: ObjectId) -> HttpResponse:
        return JsonBytes(_driver(crew.driver_get_for(supplier_id=request.user.pk, driver_id=driver_id)))

    @extend_schema(
        operation_id="supplier_drivers_update",
        summary="Change a driver",
        request=serializers.DriverFieldsSerializer(partial=True),
        responses=serializers.DriverSerializer,
    )
    def patch(self, request: IdentityRequest, driver_id: ObjectId) -> HttpResponse:
        driver = crew.driver_get_for(supplier_id=request.user.pk, driver_id=driver_id)
        fields = valid(serializers.DriverFieldsSerializer(data=request.data, partial=True))
        return JsonBytes(_driver(crew.driver_update(driver=driver, **fields)))

    @extend_schema(operation_id="supplier_drivers_delete", summary="Remove a driver", responses={204: None})
    def delete(self, request: IdentityRequest, driver_id: ObjectId) -> Response:
        crew.driver_delete(driver=crew.driver_get_for(supplier_id=request.user.pk, driver_id=driver_id))
        return Response(status=204)


class VehiclesView(APIView):
    permission_classes = [IsSupplier]
    pagination_class = PagePagination
    problem_statuses = {"POST": [404]}

    @extend_schema(
        operation_id="supplier_vehicles_list",
        summary="One's vehicles, newest first",
        responses=serializers.VehicleSerializer(many=True),
    )
    def get(self, request: IdentityRequest) -> HttpResponse:
        return _page(request, Vehicle, _vehicle)

    @extend_schema(
        operation_id="supplier_vehicles_create",
        summary="Add a vehicle",
        request=serializers.VehicleFieldsSerializer,
        responses={201: serializers.VehicleSerializer},
    )
    def post(self, request: IdentityRequest) -> HttpResponse:
        fields = valid(serializers.VehicleFieldsSerializer(data=request.data))
        vehicle = crew.vehicle_create(supplier_id=request.user.pk, **fields)
        location = {"Location": request.build_absolute_uri(f"/api/supplier/vehicles/{vehicle.pk}")}
        return JsonBytes(_vehicle(vehicle), status=201, headers=location)


class VehicleView(APIView):
    permission_classes = [IsSupplier]

    @extend_schema(
        operation_id="supplier_vehicles_read",
        summary="One of one's vehicles",
        responses=serializers.VehicleSerializer,
    )
    def get(self, request: IdentityRequest, vehicle_id: ObjectId) -> HttpResponse:
        return JsonBytes(_vehicle(crew.vehicle_get_for(supplier_id=request.user.pk, vehicle_id=vehicle_id)))

    @extend_schema(
        operation_id="supplier_vehicles_update",
        summary="Change a vehicle",
        request=serializers.VehicleFieldsSerializer(partial=True),
        responses=serializers.VehicleSerializer,
    )
    def patch(self, request: IdentityRequest, vehicle_id: ObjectId) -> HttpResponse:
        vehicle = crew.vehicle_get_for(supplier_id=request.user.pk, vehicle_id=vehicle_id)
        fields = valid(serializers.VehicleFieldsSerializer(data=request.data, partial=True))
        return JsonBytes(_vehicle(crew.vehicle_update(vehicle=vehicle, **fields)))

    @extend_schema(operation_id="supplier_vehicles_delete", summary="Remove a vehicle", responses={204: None})
    def delete(self, request: IdentityRequest, vehicle_id: ObjectId) -> Response:
        crew.vehicle_delete(vehicle=crew.vehicle_get_for(supplier_id=request.user.pk, vehicle_id=vehicle_id))
        return Response(status=204)
