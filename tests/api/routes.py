"""Every address under /api/ with its methods, read from the URL configuration."""

from collections.abc import Iterator
from typing import Any

from django.urls import URLResolver, get_resolver

METHODS = ("get", "post", "put", "patch", "delete")


def api_routes() -> list[tuple[str, str]]:
    """(method, path with its converters) of each operation."""
    return sorted((method, path) for path, view in _views("", get_resolver()) for method in _methods(view))


def api_lists() -> list[str]:
    """The paths whose GET gives a page of results."""
    return sorted(
        path for path, view in _views("", get_resolver()) if getattr(view, "pagination_class", None)
    )


def _views(prefix: str, resolver: URLResolver) -> Iterator[tuple[str, Any]]:
    """(path with its converters, view class; None for a plain function)."""
    for entry in resolver.url_patterns:
        path = prefix + str(entry.pattern)
        if not path.startswith("api/"[: len(path)]):
            continue
        if isinstance(entry, URLResolver):
            yield from _views(path, entry)
        elif path.startswith("api/"):
            yield f"/{path}", getattr(entry.callback, "cls", None)


def _methods(view: Any) -> list[str]:
    return [method for method in METHODS if hasattr(view, method)] if view else ["get"]
