"""Mailed links to set a password: signed, good once, for a time that depends on their purpose."""

from django.conf import settings
from django.core import signing
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.models import User
from common.errors import DomainError
from common.mongo import object_id

SALT = "accounts.password-link"
RESET, INVITATION = "reset", "invitation"
LIFETIME_SECONDS = {RESET: settings.PASSWORD_RESET_TIMEOUT, INVITATION: 7 * 86_400}


def _fingerprint(user: User) -> str:
    # Of the password as it is: once that changes, by this link or otherwise, the link stops working.
    return salted_hmac(SALT, f"{user.pk}{user.password}{user.email}", algorithm="sha256").hexdigest()


def password_link(*, user: User, purpose: str) -> str:
    """The address at which the user may set a password once, within the purpose's lifetime."""
    token = signing.TimestampSigner(salt=SALT).sign_object({"purpose": purpose, "of": _fingerprint(user)})
    return f"{settings.PUBLIC_URL}/reset-password?uid={user.pk}&token={token}"


def link_owner(*, uid: str, token: str) -> User:
    """The active user whose link this is.

    Raises DomainError `invalid_token`: 400 for a link that was used, is too old or was tampered with, 404 for one
    of nobody.
    """
    detail = "The link is not valid any more; ask for a new one."
    refused = DomainError("invalid_token", detail, status=400, errors={"token": [detail]})
    user_id = object_id(uid)
    user = User.objects.filter(pk=user_id, is_active=True).first() if user_id else None
    if user is None:
        raise DomainError("invalid_token", detail, status=404)
    signer = signing.TimestampSigner(salt=SALT)
    try:
        content = signer.unsign_object(token)
        signer.unsign_object(token, max_age=LIFETIME_SECONDS[content["purpose"]])
    except (signing.BadSignature, ValueError) as error:
        raise refused from error
    if not constant_time_compare(content["of"], _fingerprint(user)):
        raise refused
    return user
