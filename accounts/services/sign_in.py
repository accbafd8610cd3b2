"""Registering and signing in."""

import hashlib
import math
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from accounts.models import Role, User
from accounts.services.profiles import address_of
from common.errors import DomainError
from common.limits import count_hit, count_of, forget
from common.time import utc_now

MAX_FAILURES = 10
FAILURE_WINDOW_SECONDS = 15 * 60


def password_check(*, password: str, user: User, field: str = "password") -> None:
    """Raises DomainError `weak_password` (400) with what is wrong under `field`."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise DomainError(
            "weak_password",
            "The password is too easy to guess.",
            status=400,
            errors={field: list(error.messages)},
        ) from error


def user_register(
    *, name: str, email: str, password: str, phone: str = "", address: dict[str, Any] | None = None
) -> User:
    """A new customer. Of several at once with one e-mail, one is made.

    Raises DomainError: `weak_password` (400), `email_taken` (409).
    """
    user = User(
        name=name,
        email=User.objects.normalize_email(email),
        role=Role.CUSTOMER,
        phone=phone,
        address=address_of(address),
    )
    password_check(password=password, user=user)
    taken = DomainError(
        "email_taken",
        "An account with this e-mail exists.",
        errors={"email": ["An account with this e-mail exists."]},
    )
    if User.objects.filter(email=user.email).exists():
        raise taken
    user.set_password(password)
    try:
        user.save(force_insert=True)
    except IntegrityError as error:
        raise taken from error
    return user


def _failures_key(email: str, address: str) -> str:
    digest = hashlib.sha256(f"{email}\0{address}".encode()).hexdigest()
    return f"sign-in-failures:{digest}"


def lock_check(*, email: str, address: str) -> None:
    """Raises DomainError `locked` (429) after MAX_FAILURES for this e-mail, known or not, from this address."""
    count = count_of(_failures_key(email, address))
    if count.hits >= MAX_FAILURES:
        wait = max(1, math.ceil(count.seconds_left))
        raise DomainError(
            "locked",
            f"Too many failed attempts; try again in {wait} s.",
            status=429,
            limit={
                "scope": "sign-in failures",
                "requests": MAX_FAILURES,
                "windowSeconds": FAILURE_WINDOW_SECONDS,
            },
            retryAfter=wait,
        )


def attempt_count(*, address: str) -> None:
    """Counts a try to sign in, or to have a link mailed, on a page: with the API's own, by address.

    Raises DomainError `too_many_requests` (429).
    """
    limit = settings.RATE_LIMITS["auth"]
    count = count_hit(f"auth:address:{address}", window_seconds=60)
    if limit and count.hits > limit:
        wait = max(1, math.ceil(count.seconds_left))
        raise DomainError(
            "too_many_requests", f"Too many attempts; try again in {wait} s.", status=429, retryAfter=wait
        )


def failure_count(*, email: str, address: str) -> None:
    count_hit(_failures_key(email, address), window_seconds=FAILURE_WINDOW_SECONDS)


def credentials_check(*, email: str, password: str, address: str) -> User:
    """The active user with these credentials, for every way of signing in.

    Raises DomainError: `locked` (429); `bad_credentials` (401), the same and as slow whether it is the e-mail or
    the password that is wrong.
    """
    email = User.objects.normalize_email(email)
    lock_check(email=email, address=address)
    user = User.objects.filter(email=email).first()
    if user is None or not user.is_active:
        make_password(password)
        matches = False
    else:
        matches = user.check_password(password)
    if user is None or not matches:
        failure_count(email=email, address=address)
        raise DomainError("bad_credentials", "E-mail or password is wrong.", status=401)
    forget(_failures_key(email, address))
    User.objects.filter(pk=user.pk).update(last_login=utc_now())
    return user
