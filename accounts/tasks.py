"""Mails about accounts."""

from celery import shared_task

from accounts.mails import password_link_send


@shared_task(autoretry_for=(OSError,), retry_backoff=10, max_retries=5)
def password_link_mail(email: str, purpose: str) -> None:
    """Mails the user with this e-mail a link to set a password. Run twice, it sends two that both work."""
    password_link_send(email=email, purpose=purpose)
