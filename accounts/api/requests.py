"""Requests past authentication, as the API's views know them."""

from bson import ObjectId
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import User
from accounts.tokens import Identity, TokenRefusedError


class IdentityRequest(Request):
    """A request past authentication. For types alone."""

    user: Identity  # type: ignore[assignment]
    idempotent_id: ObjectId | None  # in methods that are `idempotent`


def person_of(request: IdentityRequest) -> User:
    """The stored user who asks. Raises AuthenticationFailed (401) when they were deleted meanwhile."""
    try:
        return request.user.person()
    except TokenRefusedError as error:
        raise AuthenticationFailed(error.detail, code=error.code) from error
