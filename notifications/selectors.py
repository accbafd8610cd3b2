"""Reading notifications, and the people they go to."""

from typing import Any

from accounts.models import User
from notifications import rules
from notifications.models import Channel, Notification, PushSubscription


def notification_payload(notification: Notification) -> dict[str, Any]:
    """A notification as the API and the live event tell it."""
    related = notification.related_to
    return {
        "id": notification.pk,
        "user_id": notification.user_id,
        "type": notification.type,
        "message": notification.message,
        "related_to": {"model": related.model, "id": related.object_id} if related else None,
        "read": notification.read,
        "sent_via": notification.sent_via,
        "created_at": notification.created_at,
    }


def quiet_of(user: User) -> rules.Quiet | None:
    """The user's quiet hours, if they are usable."""
    hours = user.notification_preferences.quiet_hours
    return rules.parse_quiet(hours.start, hours.end, hours.timezone) if hours else None


def wanted_channels(user: User) -> set[str]:
    preferences = user.notification_preferences
    return {channel.value for channel in Channel if getattr(preferences, channel.value)}


def channels_of(user: User) -> list[str]:
    """The channels that a message to the user goes out by."""
    reachable = {Channel.EMAIL.value}
    if user.phone:
        reachable.add(Channel.SMS.value)
    if PushSubscription.objects.filter(user_id=user.pk).exists():
        reachable.add(Channel.PUSH.value)
    return rules.channels(wanted=wanted_channels(user), reachable=reachable)
