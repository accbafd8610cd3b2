"""Access and refresh tokens: what they say, and how they are checked.

Both are JWTs of simplejwt. An access token names its user, role and family (one sign-in), so that a request
needs no look-up of the user; whether the family still lives is asked of `accounts.families`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from bson import ObjectId
from rest_framework_simplejwt.exceptions import ExpiredTokenError, TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import Token

from accounts import families
from accounts.models import User
from common.mongo import object_id

FAMILY = "fam"
ROLE = "role"
SUBJECT = api_settings.USER_ID_CLAIM
JTI = api_settings.JTI_CLAIM


class TokenRefusedError(Exception):
    """The token proves nothing; `code` is token_invalid, token_expired, token_revoked or token_reused."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class AccessToken(Token):
    token_type = "access"  # noqa: S105
    lifetime = api_settings.ACCESS_TOKEN_LIFETIME


class RefreshToken(Token):
    token_type = "refresh"  # noqa: S105
    lifetime = api_settings.REFRESH_TOKEN_LIFETIME


@dataclass(frozen=True)
class Identity:
    """Who is asking, as the access token says: `request.user` of the API. The stored user is `person()`."""

    user_id: ObjectId
    role: str
    family_id: ObjectId
    expires_at: datetime

    is_authenticated = True
    is_active = True
    is_anonymous = False

    @property
    def pk(self) -> ObjectId:
        return self.user_id

    @property
    def id(self) -> ObjectId:
        return self.user_id

    @property
    def is_staff(self) -> bool:
        return self.role == "admin"

    def person(self) -> User:
        """The stored user, looked up now. Raises TokenRefusedError when it was deleted meanwhile."""
        user = User.objects.filter(pk=self.user_id).first()
        if user is None:
            raise TokenRefusedError("token_revoked", "The account no longer exists.")
        return user


def decode(kind: type[Token], text: str | bytes) -> Token:
    """A token whose signature, type and expiry are right. Raises TokenRefusedError."""
    try:
        token = kind(text)  # type: ignore[arg-type]
        usable = object_id(token[SUBJECT]) and object_id(token[FAMILY]) and isinstance(token[JTI], str)
    except ExpiredTokenError as error:
        raise TokenRefusedError("token_expired", "The token has expired.") from error
    except (TokenError, KeyError, ValueError, OverflowError) as error:
        raise TokenRefusedError("token_invalid", "The token is not valid.") from error
    if not usable:
        raise TokenRefusedError("token_invalid", "The token is not valid.")
    return token


@lru_cache(maxsize=10_000)
def _identity_of(text: str | bytes) -> Identity:
    # An app sends one token with every request of a quarter of an hour: its signature is checked once a process.
    token = decode(AccessToken, text)
    return Identity(
        user_id=ObjectId(token[SUBJECT]),
        role=str(token.get(ROLE, "")),
        family_id=ObjectId(token[FAMILY]),
        expires_at=datetime.fromtimestamp(token["exp"], UTC),
    )


def identity_of(text: str | bytes) -> Identity:
    """Who the access token names, whether or not it was revoked. Raises TokenRefusedError."""
    identity = _identity_of(text)
    if identity.expires_at <= datetime.now(UTC):
        raise TokenRefusedError("token_expired", "The token has expired.")
    return identity


def verify_access(text: str | bytes) -> Identity:
    """Who the access token names, revocation included. Raises TokenRefusedError."""
    identity = identity_of(text)
    check_live(identity, remembered=families.family_remembered(identity.family_id))
    return identity


def check_live(identity: Identity, *, remembered: bytes | None) -> None:
    """Raises TokenRefusedError when the sign-in was ended; `remembered` is what Redis has to say of its family."""
    live = families.family_is_live(
        family_id=identity.family_id, user_id=identity.user_id, role=identity.role, remembered=remembered
    )
    if not live:
        raise TokenRefusedError("token_revoked", "The token was revoked.")


def _stamp(token: Token, *, user_id: ObjectId, role: str, family_id: ObjectId) -> Token:
    token[SUBJECT] = str(user_id)
    token[ROLE] = role
    token[FAMILY] = str(family_id)
    return token


def _pair(refresh: Token, **claims: Any) -> dict[str, str]:
    return {"access": str(_stamp(AccessToken(), **claims)), "refresh": str(_stamp(refresh, **claims))}


def tokens_issue(*, user: User) -> dict[str, str]:
    """A sign-in: a new family, and its first `access` and `refresh` tokens."""
    refresh = RefreshToken()
    expires_at = datetime.fromtimestamp(refresh["exp"], UTC)
    family_id = families.family_open(user_id=user.pk, jti=refresh[JTI], expires_at=expires_at)
    return _pair(refresh, user_id=user.pk, role=user.role, family_id=family_id)


def tokens_revoke(*, refresh: str) -> None:
    """Ends the sign-in of a refresh token, used or not; one that proves nothing ends nothing."""
    try:
        token = decode(RefreshToken, refresh)
    except TokenRefusedError:
        return
    families.families_revoke([ObjectId(token[FAMILY])])


def tokens_refresh(*, refresh: str) -> dict[str, str]:
    """The family's next tokens; `refresh` is used up by it.

    Raises TokenRefusedError: `token_reused` when it was used before, which also revokes the whole family.
    """
    old = decode(RefreshToken, refresh)
    new = RefreshToken()
    family_id, user_id = ObjectId(old[FAMILY]), ObjectId(old[SUBJECT])
    user = User.objects.filter(pk=user_id).first()
    if user is None or not user.is_active:
        raise TokenRefusedError("token_revoked", "The token was revoked.")
    rotated = families.family_rotate(
        family_id=family_id,
        jti=old[JTI],
        next_jti=new[JTI],
        expires_at=datetime.fromtimestamp(new["exp"], UTC),
    )
    if rotated is families.Rotation.REUSED:
        raise TokenRefusedError("token_reused", "The refresh token was used before; sign in again.")
    if rotated is families.Rotation.REVOKED:
        raise TokenRefusedError("token_revoked", "The token was revoked.")
    return _pair(new, user_id=user_id, role=user.role, family_id=family_id)
