"""Signing in and out by session, and each role's own start page."""

from django.contrib.auth import authenticate, login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import Role, User
from accounts.pages.forms import SignInForm

START_PAGES = {Role.SUPPLIER: "/portal/", Role.ADMIN: "/admin/", Role.CUSTOMER: "/account"}


def start_page(user: User) -> str:
    return START_PAGES[Role(user.role)]


@require_GET
@never_cache
def home(request: HttpRequest) -> HttpResponse:
    return redirect(start_page(request.user) if request.user.is_authenticated else "login")


@require_http_methods(["GET", "POST"])
@never_cache
@sensitive_post_parameters("password")
def sign_in(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect(start_page(request.user))
    asked = request.POST.get("next", "") or request.GET.get("next", "")
    form = SignInForm(request.POST or None)
    status = 200
    if request.method == "POST":
        user = form.is_valid() and authenticate(
            request, username=form.cleaned_data["email"], password=form.cleaned_data["password"]
        )
        if user:
            login(request, user)
            safe = url_has_allowed_host_and_scheme(
                asked, allowed_hosts={request.get_host()}, require_https=request.is_secure()
            )
            return redirect(asked if safe else start_page(user))
        if not form.errors:
            form.add_error(None, "E-mail or password is wrong.")
        status = 400
    return render(request, "accounts/login.html", {"form": form, "next": asked}, status=status)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("login")


@require_GET
@never_cache
def account(request: HttpRequest) -> HttpResponse:
    """Where a customer lands who signs in here: their tanks are in the app."""
    if not request.user.is_authenticated:
        return redirect("login")
    if request.user.role != Role.CUSTOMER:
        return redirect(start_page(request.user))
    return render(request, "accounts/customer.html")
