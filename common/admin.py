"""What every model's admin shares: how embedded objects are shown, and how little of a list is counted."""

import json
from typing import Any

from bson import Decimal128, ObjectId
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.html import format_html
from django_mongodb_backend.models import EmbeddedModel
from unfold.admin import ModelAdmin


def plain(value: Any) -> Any:
    """Embedded objects and ids as what JSON can hold."""
    if isinstance(value, EmbeddedModel):
        return {field.name: plain(getattr(value, field.attname)) for field in value._meta.concrete_fields}
    if isinstance(value, dict):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, ObjectId | Decimal128):
        return str(value)
    return value


def as_json(value: Any) -> str:
    """Something structured, readable in a page; a dash for nothing."""
    if value in (None, [], {}, ""):
        return "–"
    text = json.dumps(plain(value), indent=2, ensure_ascii=False, default=str)
    return format_html('<pre class="whitespace-pre-wrap break-words text-xs">{}</pre>', text)


def shown(field: str, label: str = "") -> Any:
    """A read-only field of the admin that shows a model's embedded object, list or JSON."""

    @admin.display(description=label or field.replace("_", " "))
    def show(owner: Any, thing: models.Model) -> str:
        return as_json(getattr(thing, field))

    return show


class OperatorAdmin(ModelAdmin):  # type: ignore[misc]
    """Lists of any length: not counted twice, related objects by id rather than by a list of all."""

    list_per_page = 50
    show_full_result_count = False
    list_fullwidth = True
    compressed_fields = True
    warn_unsaved_form = True


class KeptAdmin(OperatorAdmin):
    """What is changed here but ends only by its own rules (tanks with their readings, people with their data)."""

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


class ReadOnlyAdmin(KeptAdmin):
    """A record of what happened: to read."""

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False
