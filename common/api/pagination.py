"""Lists: `?page=&pageSize=` → count, next, previous, results. Numbers out of range are refused, not bent."""

from dataclasses import dataclass
from typing import Any

from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.utils.urls import remove_query_param, replace_query_param

PAGE, PAGE_SIZE = "page", "pageSize"
DEFAULT_SIZE, MAX_SIZE, MAX_PAGE = 20, 100, 1_000_000


def _number(request: Request, name: str, default: int, limit: int) -> int:
    if name not in request.query_params:
        return default
    text = request.query_params[name]
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= 9 else 0
    if not 1 <= number <= limit:
        raise ValidationError({name: [f"Give a whole number from 1 to {limit}."]})
    return number


@dataclass(frozen=True)
class Page:
    """The part of a list that was asked for."""

    number: int
    size: int

    @property
    def skip(self) -> int:
        return (self.number - 1) * self.size

    def envelope(self, request: Request, *, count: int, results: list[Any]) -> dict[str, Any]:
        """The list as the API gives it. Raises NotFound for a page past the end (an empty list has page 1)."""
        if self.number > 1 and self.skip >= count:
            raise NotFound("There is no such page.")
        more = self.skip + self.size < count
        address = request.build_absolute_uri() if more or self.number > 1 else ""
        return {
            "count": count,
            "next": replace_query_param(address, PAGE, self.number + 1) if more else None,
            "previous": self._previous(address),
            "results": results,
        }

    def _previous(self, address: str) -> str | None:
        if self.number == 1:
            return None
        if self.number == 2:
            return remove_query_param(address, PAGE)
        return replace_query_param(address, PAGE, self.number - 1)


def page_of(request: Request) -> Page:
    """The page that the query asks for. Raises ValidationError (400)."""
    return Page(_number(request, PAGE, 1, MAX_PAGE), _number(request, PAGE_SIZE, DEFAULT_SIZE, MAX_SIZE))


class PagePagination(PageNumberPagination):
    """The same for ORM querysets in DRF's generic views; it also tells the schema of both parameters."""

    page_size = DEFAULT_SIZE
    max_page_size = MAX_SIZE
    page_size_query_param = PAGE_SIZE

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        self.asked = request
        self.wanted = page_of(request)
        self.count = queryset.count()
        return list(queryset[self.wanted.skip : self.wanted.skip + self.wanted.size])

    def get_paginated_response(self, data: Any) -> Any:
        from rest_framework.response import Response

        return Response(self.wanted.envelope(self.asked, count=self.count, results=data))

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        def whole(name: str, default: int, limit: int, description: str) -> dict[str, Any]:
            schema = {"type": "integer", "minimum": 1, "maximum": limit, "default": default}
            return {
                "name": name,
                "in": "query",
                "required": False,
                "description": description,
                "schema": schema,
            }

        return [
            whole(PAGE, 1, MAX_PAGE, "Which page of the list."),
            whole(PAGE_SIZE, DEFAULT_SIZE, MAX_SIZE, "How many results a page."),
        ]
