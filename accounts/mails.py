"""The mails that carry a link to set a password."""

from django.core.mail import send_mail
from django.template.loader import render_to_string

from accounts.links import INVITATION, password_link
from accounts.models import User

SUBJECTS = {INVITATION: "Your Water Tanks account"}


def password_link_send(*, email: str, purpose: str) -> None:
    """Sends the link, if an active user has this e-mail."""
    user = User.objects.filter(email=email, is_active=True).first()
    if user is None:
        return
    context = {"user": user, "link": password_link(user=user, purpose=purpose)}
    text = render_to_string(f"accounts/mail_{purpose}.txt", context)
    send_mail(SUBJECTS.get(purpose, "Set a new password"), text, None, [user.email])
