"""Changing one's own password on a page."""

from django import forms
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest

from accounts.models import User
from accounts.services.passwords import password_change
from common.address import client_address
from common.errors import DomainError

FIELDS = {"current_password": "currentPassword", "new_password": "newPassword"}


class PasswordForm(forms.Form):
    current_password = forms.CharField(
        label="Present password",
        max_length=256,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    new_password = forms.CharField(
        label="New password",
        min_length=8,
        max_length=256,
        strip=False,
        help_text="At least 8 characters, and not one that is easily guessed.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


def password_form_save(request: HttpRequest, user: User, form: PasswordForm) -> bool:
    """Whether the password was changed; else the form says why not. This window stays signed in, no other does."""
    try:
        password_change(user=user, **form.cleaned_data, address=client_address(request), family_id=None)
    except DomainError as error:
        told = error.errors or {}
        for field, name in FIELDS.items():
            form.add_error(field, told.get(name, []))
        if not told:
            form.add_error(None, error.detail)
        return False
    update_session_auth_hash(request, User.objects.get(pk=user.pk))
    return True
