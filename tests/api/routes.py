"""Every address under /api/ with its methods, read from the URL configuration."""

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

METHODS = ("get", "post", "put", "patch", "delete")


def api_routes() -> list[tuple[str, str]]:
    """(method, path with its converters) of each operation."""
    return sorted(_walk("", get_resolver()))


def _walk(prefix: str, resolver: URLResolver) -> Iterator[tuple[str, str]]:
    for entry in resolver.url_patterns:
        path = prefix + str(entry.pattern)
        if not path.startswith("api/"[: len(path)]):
            continue
        if isinstance(entry, URLResolver):
            yield from _walk(path, entry)
        elif path.startswith("api/"):
            yield from ((method, f"/{path}") for method in _methods(entry))


def _methods(entry: URLPattern) -> list[str]:
    view: Any = getattr(entry.callback, "cls", None)
    return [method for method in METHODS if hasattr(view, method)] if view else ["get"]
