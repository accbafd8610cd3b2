"""Who is listening: by access token or by session cookie, and whether that still holds."""

from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlsplit

from bson import ObjectId
from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest, parse_cookie
from django.http.request import split_domain_port, validate_host

from accounts.families import family_is_live, family_remembered
from accounts.models import Role
from accounts.tokens import TokenRefusedError, verify_access
from common.live import ADMINS

SUBPROTOCOL = "live"
BEARER = "bearer."
DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Listener:
    """A user, by the sign-in (`family_id`) of their token or by their session."""

    user_id: ObjectId
    role: str
    family_id: ObjectId | None = None
    session_key: str | None = None
    expires_at: datetime | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """The audiences the user belongs to, their own first."""
        own = str(self.user_id)
        return (own, ADMINS) if self.role == Role.ADMIN else (own,)


def bearer_of(subprotocols: list[str]) -> str | None:
    """The access token among the subprotocols that a client offers."""
    return next((name.removeprefix(BEARER) for name in subprotocols if name.startswith(BEARER)), None)


def headers_of(scope: dict[str, Any]) -> dict[str, str]:
    return {name.decode("latin1"): value.decode("latin1") for name, value in scope["headers"]}


def same_origin(headers: dict[str, str]) -> bool:
    """Whether the page that opens the socket is ours. Browsers always say; who says nothing is refused."""
    origin = headers.get("origin", "")
    if origin == settings.PUBLIC_URL:
        return True
    host = headers.get("host", "")
    if not validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS):
        return False
    try:
        parts = urlsplit(origin)
        default = DEFAULT_PORTS[parts.scheme]
        there = urlsplit(f"{parts.scheme}://{host}")
        return (parts.hostname, parts.port or default) == (there.hostname, there.port or default)
    except (ValueError, KeyError):
        return False


def session_key_of(headers: dict[str, str]) -> str | None:
    return parse_cookie(headers.get("cookie", "")).get(settings.SESSION_COOKIE_NAME)


def listener_by_token(token: str) -> Listener | None:
    """Whom the token names; None when it is refused."""
    try:
        found = verify_access(token)
    except TokenRefusedError:
        return None
    return Listener(found.user_id, found.role, family_id=found.family_id, expires_at=found.expires_at)


def listener_by_session(session_key: str) -> Listener | None:
    """Who is signed in by that session; a changed password ends it, as do signing out and its own expiry."""
    store = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user = get_user(cast(HttpRequest, SimpleNamespace(session=store)))
    if not user.is_authenticated:
        return None
    return Listener(user.pk, cast(Any, user).role, session_key=session_key)


def still_good(listener: Listener) -> bool:
    """Whether the listener could connect as the same again."""
    if listener.session_key is not None:
        return listener_by_session(listener.session_key) == listener
    assert listener.family_id is not None
    return family_is_live(
        family_id=listener.family_id,
        user_id=listener.user_id,
        role=listener.role,
        remembered=family_remembered(listener.family_id),
    )
