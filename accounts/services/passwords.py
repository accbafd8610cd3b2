"""Changing a password, and setting one by a mailed link."""

from bson import ObjectId
from django.contrib.auth.hashers import make_password

from accounts.families import user_families_revoke
from accounts.links import RESET, link_owner
from accounts.models import User
from accounts.services.sign_in import failure_count, lock_check, password_check
from accounts.tasks import password_link_mail
from common.errors import DomainError
from common.limits import count_hit
from common.queue import enqueue
from common.time import utc_now

MAILS_AN_HOUR = 5


def password_reset_request(*, email: str) -> None:
    """Mails a link to the user with this e-mail, if there is one; takes as long if there is none."""
    email = User.objects.normalize_email(email)
    if count_hit(f"reset-mails:{email}", window_seconds=3_600).hits <= MAILS_AN_HOUR:
        enqueue(password_link_mail, email, RESET)


def password_reset_confirm(*, uid: str, token: str, new_password: str) -> None:
    """Sets the password by a mailed link, which works once, and ends all sign-ins of the user.

    Raises DomainError: `invalid_token` (400, 404), `weak_password` (400).
    """
    user = link_owner(uid=uid, token=token)
    password_check(password=new_password, user=user, field="newPassword")
    _password_replace(user, new_password)
    user_families_revoke(user_id=user.pk)


def password_change(
    *, user: User, current_password: str, new_password: str, address: str, family_id: ObjectId | None
) -> None:
    """Sets a new password and ends the user's other sign-ins; `family_id` is the one to keep.

    Raises DomainError: `locked` (429), `wrong_password` (403), `weak_password` (400).
    """
    lock_check(email=user.email, address=address)
    if not user.check_password(current_password):
        failure_count(email=user.email, address=address)
        raise DomainError(
            "wrong_password",
            "The current password is wrong.",
            status=403,
            errors={"currentPassword": ["The current password is wrong."]},
        )
    password_check(password=new_password, user=user, field="newPassword")
    _password_replace(user, new_password)
    user_families_revoke(user_id=user.pk, keep=family_id)


def _password_replace(user: User, new_password: str) -> None:
    # Only over the password that was looked at: of two uses of a link at once, one wins.
    changed = User.objects.filter(pk=user.pk, password=user.password).update(
        password=make_password(new_password), updated_at=utc_now()
    )
    if changed != 1:
        raise DomainError("password_changed", "The password was changed meanwhile.")
