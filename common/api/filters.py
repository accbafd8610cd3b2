"""Filters of lists, by django-filter, as strict as bodies are: a value that is none is 400.

A filter's value is read by a serializer field, which also is its schema. Lists over the ORM filter by
DjangoFilterBackend; hot lists, which are read beneath the ORM, take the same filters as a MongoDB `match`.
"""

from typing import Any

from django import forms
from django.db.models import Q
from django_filters import rest_framework as filters
from django_filters.utils import translate_validation
from drf_spectacular.drainage import set_override
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from common.api.fields import LINE_OR_BLANK, ChoiceField, InstantField, LineField
from common.mongo import Document

OPERATORS = {"gte": "$gte", "lt": "$lt"}
SEARCH_LENGTH = 100


class _Read(forms.Field):
    """A form's field that leaves reading to a serializer's. None: not asked for."""

    def __init__(self, *, reader: serializers.Field, **options: Any) -> None:
        self.reader = reader
        super().__init__(**options)

    def clean(self, value: Any) -> Any:
        if value is None:
            return None
        try:
            return self.reader.run_validation(value)
        except serializers.ValidationError as error:
            raise forms.ValidationError([str(detail) for detail in error.detail]) from error


class FieldFilter(filters.Filter):
    """`column` (the filter's name unless given) compared with what `field` reads."""

    field_class = _Read

    def __init__(
        self, field: serializers.Field, *, column: str | None = None, lookup: str = "exact", **options: Any
    ) -> None:
        super().__init__(
            column, lookup, label="", reader=field, help_text=str(field.help_text or ""), **options
        )
        set_override(self, "field", field)


class _QueryFlagField(ChoiceField):
    def __init__(self, **options: Any) -> None:
        super().__init__(choices=["true", "false"], **options)

    def to_internal_value(self, data: Any) -> Any:
        return super().to_internal_value(data) == "true"


class FlagFilter(FieldFilter):
    """`true` or `false`."""

    def __init__(self, *, help_text: str, column: str | None = None) -> None:
        super().__init__(_QueryFlagField(help_text=help_text), column=column)
        set_override(self, "field", {"type": "boolean", "description": help_text})


class SearchFilter(FieldFilter):
    """Text that any of the fields `of` holds, in whatever case. For lists over the ORM."""

    def __init__(self, *, of: tuple[str, ...], help_text: str) -> None:
        self.of = of
        super().__init__(LineField(max_length=SEARCH_LENGTH, blank=True, help_text=help_text))
        schema = {"type": "string", "maxLength": SEARCH_LENGTH, "pattern": LINE_OR_BLANK}
        set_override(self, "field", {**schema, "description": help_text})

    def filter(self, qs: Any, value: str | None) -> Any:
        if not value:
            return qs
        wanted = Q()
        for name in self.of:
            wanted |= Q(**{f"{name}__icontains": value})
        return qs.filter(wanted)


class SpanFilters(filters.FilterSet):
    """`from` (inclusive) and `to` (exclusive) of the time in `span_of`."""

    span_of = ""

    @classmethod
    def get_filters(cls) -> dict[str, filters.Filter]:
        # `from` is a keyword, and so cannot be an attribute.
        return {
            **super().get_filters(),
            "from": FieldFilter(
                InstantField(help_text="from this time on"), column=cls.span_of, lookup="gte"
            ),
            "to": FieldFilter(InstantField(help_text="before this time"), column=cls.span_of, lookup="lt"),
        }


class FilteredView(APIView):
    """A list that is read beneath the ORM. `queryset` only tells the model."""

    queryset: Any
    filterset_class: type[filters.FilterSet]
    filter_backends = [filters.DjangoFilterBackend]

    def asked(self, request: Request) -> dict[str, Any]:
        """What each filter in the address asks for, by its name there. Raises ValidationError (400)."""
        found = self._filterset(request)
        return {} if found is None else _given(found)

    def match(self, request: Request) -> Document:
        """The same as a MongoDB filter."""
        found = self._filterset(request)
        match: Document = {}
        for name, value in () if found is None else _given(found).items():
            column, lookup = found.filters[name].field_name, found.filters[name].lookup_expr
            if lookup == "exact":
                match[column] = value
            else:
                match.setdefault(column, {})[OPERATORS[lookup]] = value
        return match

    def _filterset(self, request: Request) -> Any:
        if not request.query_params.keys() & self.filterset_class.base_filters.keys():
            return None  # most requests ask for no filter, and need no form
        found = self.filterset_class(request.query_params, self.queryset)
        if not found.is_valid():
            raise translate_validation(found.errors)
        return found


def _given(found: Any) -> dict[str, Any]:
    return {name: value for name, value in found.form.cleaned_data.items() if value is not None}
