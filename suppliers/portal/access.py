"""Who may open a portal page, and what every page of it needs."""

import zoneinfo
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache

from accounts.models import Role, Supplier, User
from common.errors import DomainError

NOT_FOUND = 404


class PortalRequest(HttpRequest):
    """A request of a signed-in supplier, with its company."""

    user: User
    supplier: Supplier


View = Callable[..., HttpResponse]


def _zone(name: str) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo("UTC")


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    if request.headers.get("HX-Request"):
        # A fragment must not be replaced by the sign-in page: the whole page goes there.
        response = HttpResponse()
        response["HX-Redirect"] = settings.LOGIN_URL
        return response
    return redirect(f"{settings.LOGIN_URL}?{urlencode({'next': request.get_full_path()})}")


def supplier_page(view: View) -> View:
    """For suppliers alone, in their own time zone; what is not theirs is a 404."""

    @never_cache
    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        if request.user.role != Role.SUPPLIER:
            raise PermissionDenied
        request.supplier = Supplier.objects.filter(pk=request.user.pk).first()
        if request.supplier is None:
            raise PermissionDenied
        with timezone.override(_zone(request.user.timezone)):
            try:
                return view(request, *args, **kwargs)
            except DomainError as error:
                if error.status == NOT_FOUND:
                    raise Http404(error.detail) from error
                raise

    return guarded
