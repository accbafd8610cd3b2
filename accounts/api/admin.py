"""`/api/admin/users` and `/api/admin/suppliers`, for operators."""

from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import serializers
from accounts.models import Supplier, User
from accounts.services.suppliers import supplier_create
from common.api.pagination import PagePagination, page_of
from common.api.permissions import IsAdmin
from common.api.requests import valid


def _page(
    request: Request, found: QuerySet[Any], serializer: type[serializers.UserSerializer] | Any
) -> Response:
    page = page_of(request)
    rows = found.order_by("-created_at", "-pk")[page.skip : page.skip + page.size]
    results = list(serializer(rows, many=True).data)
    return Response(page.envelope(request, count=found.count(), results=results))


class UsersView(APIView):
    permission_classes = [IsAdmin]
    pagination_class = PagePagination

    @extend_schema(
        operation_id="admin_users_list",
        summary="Everyone, newest first",
        parameters=[serializers.UserQuerySerializer],
        responses=serializers.AdminUserSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        wanted = valid(serializers.UserQuerySerializer(data=request.query_params.dict()))
        found = User.objects.all()
        if "role" in wanted:
            found = found.filter(role=wanted["role"])
        if wanted.get("search"):
            found = found.filter(Q(email__icontains=wanted["search"]) | Q(name__icontains=wanted["search"]))
        return _page(request, found, serializers.AdminUserSerializer)


class SuppliersView(APIView):
    permission_classes = [IsAdmin]
    pagination_class = PagePagination
    problem_statuses = {"POST": [409]}

    @extend_schema(
        operation_id="admin_suppliers_list",
        summary="All suppliers, newest first",
        responses=serializers.SupplierSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        return _page(request, Supplier.objects.select_related("user"), serializers.SupplierSerializer)

    @extend_schema(
        operation_id="admin_suppliers_create",
        summary="Add a supplier",
        description="Makes the company and its user, and mails them a link to set a password, good for 7 days. "
        "409 `email_taken`.",
        request=serializers.SupplierInputSerializer,
        responses={201: serializers.SupplierSerializer},
    )
    def post(self, request: Request) -> Response:
        supplier = supplier_create(**valid(serializers.SupplierInputSerializer(data=request.data)))
        return Response(serializers.SupplierSerializer(supplier).data, status=201)
