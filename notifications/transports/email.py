"""Notifications by mail: plain text and HTML."""

import smtplib
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from accounts.models import User
from notifications.models import Notification
from notifications.preferences import preferences_url
from notifications.rules import subject
from notifications.transports import TransportError

PERMANENT_CODE = 500


def send(*, notification: Notification, user: User) -> None:
    message = mail_of(notification=notification, user=user)
    try:
        message.send()
    except smtplib.SMTPResponseException as error:
        raise TransportError(str(error), permanent=error.smtp_code >= PERMANENT_CODE) from error
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        raise TransportError(str(error), permanent=min(codes, default=0) >= PERMANENT_CODE) from error
    except OSError as error:  # smtplib's other errors are OSErrors, as are lost connections
        raise TransportError(str(error) or type(error).__name__) from error


def mail_of(*, notification: Notification, user: User) -> EmailMultiAlternatives:
    """The message; sent twice it carries the same Message-ID."""
    link = preferences_url(user_id=user.pk)
    title = subject(notification.message)
    context = {
        "user": user,
        "notification": notification,
        "subject": title,
        "preferences_url": link,
    }
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    message = EmailMultiAlternatives(
        subject=title,
        body=render_to_string("notifications/email.txt", context),
        to=[user.email],
        headers={
            "Message-ID": f"<notification.{notification.pk}@{domain}>",
            "List-Unsubscribe": f"<{link}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Auto-Submitted": "auto-generated",
        },
    )
    message.attach_alternative(render_to_string("notifications/email.html", context), "text/html")
    return message
