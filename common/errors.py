"""The one error of the business rules: rendered once as problem+json, once as a portal message."""

from typing import Any


class DomainError(Exception):
    """A rule said no.

    `code` is stable and snake_case, `status` the HTTP status, `errors` maps field → messages (status 400),
    `extra` are further members of the problem document.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        status: int = 409,
        errors: dict[str, list[str]] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.status = status
        self.errors = errors
        self.extra = extra


class NotFoundError(DomainError):
    """It does not exist, or is not yours: the two look alike."""

    def __init__(self, what: str = "object", *, code: str = "not_found") -> None:
        super().__init__(code, f"No such {what}.", status=404)
