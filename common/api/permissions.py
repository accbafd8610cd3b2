"""Which role may ask at all. Whose object it is, the selectors decide (404 for what is not yours)."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class _HasRole(BasePermission):
    role = ""

    def has_permission(self, request: Request, view: Any) -> bool:
        user: Any = request.user
        return user is not None and user.is_authenticated and user.role == self.role


class IsCustomer(_HasRole):
    role = "customer"


class IsSupplier(_HasRole):
    role = "supplier"


class IsAdmin(_HasRole):
    role = "admin"
