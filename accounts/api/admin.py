"""`/api/admin/users` and `/api/admin/suppliers`, for operators."""

from django_filters.rest_framework import FilterSet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import serializers
from accounts.models import Role, Supplier, User
from accounts.services.suppliers import supplier_create
from common.api.fields import ChoiceField
from common.api.filters import FieldFilter, FlagFilter, SearchFilter
from common.api.permissions import IsAdmin
from common.api.requests import valid


class UserFilters(FilterSet):
    role = FieldFilter(ChoiceField(choices=Role.choices))
    search = SearchFilter(of=("email", "name"), help_text="part of the name or e-mail")


@extend_schema_view(get=extend_schema(operation_id="admin_users_list", summary="Everyone, newest first"))
class UsersView(ListAPIView):
    permission_classes = [IsAdmin]
    queryset = User.objects.order_by("-created_at", "-pk")
    serializer_class = serializers.AdminUserSerializer
    filterset_class = UserFilters


class SupplierFilters(FilterSet):
    active = FlagFilter(help_text="only those who take orders, or only those who do not")


@extend_schema_view(
    get=extend_schema(operation_id="admin_suppliers_list", summary="All suppliers, newest first")
)
class SuppliersView(ListAPIView):
    permission_classes = [IsAdmin]
    queryset = Supplier.objects.select_related("user").order_by("-created_at", "-pk")
    serializer_class = serializers.SupplierSerializer
    filterset_class = SupplierFilters
    problem_statuses = {"POST": [409]}

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
