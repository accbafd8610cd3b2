"""A person's own data: changing it, exporting it, and having it forgotten."""

from typing import Any

from bson import ObjectId

from accounts import personal_data
from accounts.families import user_families_revoke
from accounts.models import (
    Address,
    Coordinates,
    NotificationPreferences,
    QuietHours,
    Role,
    Supplier,
    User,
)
from common.errors import DomainError
from common.time import utc_now


def address_of(values: dict[str, Any] | None, before: Address | None = None) -> Address | None:
    """An address of the given parts; parts that are not given stay as in `before`."""
    if values is None:
        return None
    address = before or Address()
    for name, value in values.items():
        if name == "coordinates":
            value = Coordinates(**value) if value else None
        setattr(address, name, value)
    return address


def profile_update(*, user: User, **changes: Any) -> User:
    """Changes the given fields of name, phone, address (its given parts; None removes it) and timezone."""
    if "address" in changes:
        changes["address"] = address_of(changes["address"], user.address)
    for name, value in changes.items():
        setattr(user, name, value)
    user.save(update_fields=[*changes, "updated_at"])
    return user


def preferences_update(*, user: User, **changes: Any) -> NotificationPreferences:
    """Changes the given channels and `quiet_hours` (start, end, timezone; None: no quiet hours)."""
    preferences = user.notification_preferences or NotificationPreferences()
    if "quiet_hours" in changes:
        hours = changes["quiet_hours"]
        changes["quiet_hours"] = QuietHours(**hours) if hours else None
    for name, value in changes.items():
        setattr(preferences, name, value)
    user.notification_preferences = preferences
    user.save(update_fields=["notification_preferences", "updated_at"])
    return preferences


def user_delete(*, user_id: ObjectId) -> None:
    """Forgets a person: every app erases what it holds, and a nameless, inactive user stays for the books.

    Upper apps go first, the user comes last, so that after a crash in the midst they can still sign in and ask again.
    Raises DomainError (409): what an app's holder says (`open_order`), `last_admin`.
    """
    user = User.objects.get(pk=user_id)
    others = User.objects.filter(role=Role.ADMIN, is_active=True).exclude(pk=user_id)
    if user.role == Role.ADMIN and not others.exists():
        raise DomainError("last_admin", "The last administrator cannot be deleted.")
    for holder in personal_data.holders():
        holder.refuse(user_id)
    for holder in reversed(personal_data.holders()):
        holder.erase(user_id)
    Supplier.objects.filter(pk=user_id).update(active=False, logo="", updated_at=utc_now())
    user.name, user.email, user.phone, user.address = "Deleted user", f"{user_id}@deleted.invalid", "", None
    user.timezone, user.notification_preferences = "UTC", NotificationPreferences(push=False, email=False)
    user.is_active, user.last_login = False, None
    user.set_unusable_password()
    user.save()
    user_families_revoke(user_id=user_id)
