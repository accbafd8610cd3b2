"""Signing in and out by session, and each role's own start page."""

from typing import cast
from urllib.parse import urlencode

from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import Role, User
from accounts.pages.forms import ForgottenPasswordForm, NewPasswordByLinkForm, SignInForm
from accounts.pages.passwords import PasswordForm, password_form_save
from accounts.services.passwords import password_reset_confirm, password_reset_request
from accounts.services.sign_in import attempt_count, credentials_check
from common.address import client_address
from common.errors import DomainError

START_PAGES = {Role.SUPPLIER: "/portal/", Role.ADMIN: "/admin/", Role.CUSTOMER: "/account"}


def start_page(user: User) -> str:
    return START_PAGES[Role(user.role)]


def signed_in(request: HttpRequest) -> User | None:
    """Who is signed in here."""
    return request.user if isinstance(request.user, User) else None


@require_GET
@never_cache
def home(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    return redirect(start_page(user) if user else "login")


@require_http_methods(["GET", "POST"])
@never_cache
@sensitive_post_parameters("password")
def sign_in(request: HttpRequest) -> HttpResponse:
    if already := signed_in(request):
        return redirect(start_page(already))
    asked = request.POST.get("next", "") or request.GET.get("next", "")
    form = SignInForm(request.POST or None)
    status = 200
    if request.method == "POST":
        user, status = None, 400
        if form.is_valid():
            try:
                attempt_count(address=client_address(request))
                user = credentials_check(**form.cleaned_data, address=client_address(request))
            except DomainError as error:
                form.add_error(None, error.detail)
                status = 429 if error.status == 429 else 400
        if user:
            login(request, user)
            safe = url_has_allowed_host_and_scheme(
                asked, allowed_hosts={request.get_host()}, require_https=request.is_secure()
            )
            return redirect(asked if safe else start_page(user))
    return render(request, "accounts/login.html", {"form": form, "next": asked}, status=status)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("login")


@require_GET
@never_cache
def account(request: HttpRequest) -> HttpResponse:
    """Where a customer lands who signs in here: their tanks are in the app."""
    user = signed_in(request)
    if user is None:
        return redirect("login")
    if user.role != Role.CUSTOMER:
        return redirect(start_page(user))
    return render(request, "accounts/customer.html")


@require_http_methods(["GET", "POST"])
@never_cache
@sensitive_post_parameters("current_password", "new_password")
def change_password(request: HttpRequest) -> HttpResponse:
    """One's own password, for whoever is signed in."""
    if not request.user.is_authenticated:
        return redirect("login")
    user = cast(User, request.user)
    form = PasswordForm(request.POST or None)
    done = request.method == "POST" and form.is_valid() and password_form_save(request, user, form)
    context = {"form": form, "done": done, "back": start_page(user)}
    status = 400 if request.method == "POST" and not done else 200
    return render(request, "accounts/change_password.html", context, status=status)


@require_GET
def admin_sign_in(request: HttpRequest) -> HttpResponse:
    """The admin's own sign-in page knows no locks: everybody signs in at one place."""
    return redirect(f"{reverse('login')}?{urlencode({'next': request.GET.get('next', '/admin/')})}")


@require_http_methods(["GET", "POST"])
@never_cache
def forgot_password(request: HttpRequest) -> HttpResponse:
    """Has a link mailed. Says the same whether anybody has that address or not."""
    form = ForgottenPasswordForm(request.POST or None)
    done, status = False, 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                attempt_count(address=client_address(request))
                password_reset_request(email=form.cleaned_data["email"])
                done, status = True, 200
            except DomainError as error:
                form.add_error(None, error.detail)
                status = error.status
    return render(request, "accounts/forgot_password.html", {"form": form, "done": done}, status=status)


@require_http_methods(["GET", "POST"])
@never_cache
@sensitive_post_parameters("new_password", "token")
def reset_password(request: HttpRequest) -> HttpResponse:
    """Where a mailed link leads: sets a new password, by a link to reset it or by an invitation."""
    form = NewPasswordByLinkForm(request.POST or None, initial=request.GET.dict())
    done, status = False, 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                password_reset_confirm(**form.cleaned_data)
                done, status = True, 200
            except DomainError as error:
                about_password = (error.errors or {}).get("newPassword")
                form.add_error("new_password" if about_password else None, about_password or error.detail)
        elif "uid" in form.errors or "token" in form.errors:
            form.add_error(None, "This is not a whole link: open it from the mail once more.")
    return render(request, "accounts/reset_password.html", {"form": form, "done": done}, status=status)
