"""Who is asking: the bearer token of the API."""

from typing import Any

from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication

from accounts.families import remembered_as
from accounts.tokens import Identity, TokenRefusedError, check_live, identity_of
from common.api.throttling import count_and_get


class BearerAuthentication(JWTAuthentication):
    """simplejwt's header handling; the token is checked by `accounts.tokens`, without loading the user."""

    def authenticate(self, request: Request) -> tuple[Identity, Any] | None:  # type: ignore[override]
        header = self.get_header(request)
        raw = self.get_raw_token(header) if header else None
        if raw is None:
            return None
        try:
            identity = identity_of(raw)
            family = remembered_as(identity.family_id)
            check_live(identity, remembered=count_and_get(request, user_id=identity.pk, also=family))
            return identity, None
        except TokenRefusedError as error:
            raise AuthenticationFailed(error.detail, code=error.code) from error

    def get_raw_token(self, header: bytes) -> bytes | None:
        """The token of a Bearer header, its scheme in any case (RFC 9110); other schemes are not ours."""
        scheme, _, token = header.partition(b" ")
        return token.strip() if scheme.lower() == b"bearer" else None
