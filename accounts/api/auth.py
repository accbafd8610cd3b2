"""`/api/auth/…`: registering, signing in and out, and passwords."""

from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import serializers
from accounts.api.requests import IdentityRequest, person_of
from accounts.models import User
from accounts.services.passwords import password_change, password_reset_confirm, password_reset_request
from accounts.services.sign_in import credentials_check, user_register
from accounts.tokens import TokenRefusedError, tokens_issue, tokens_refresh, tokens_revoke
from common.address import client_address
from common.api.requests import valid
from common.errors import DomainError


def _signed_in(user: User) -> dict[str, object]:
    return {"user": serializers.UserSerializer(user).data, **tokens_issue(user=user)}


@method_decorator(sensitive_post_parameters(), name="dispatch")
class PublicView(APIView):
    """Open to everyone: a token that comes along, even a bad one, is not looked at. Limited by address."""

    authentication_classes = []
    permission_classes = []
    throttle_scope = "auth"


class RegisterView(PublicView):
    problem_statuses = {"POST": [409]}

    @extend_schema(
        operation_id="auth_register",
        summary="Become a customer",
        description="400 `weak_password`; 409 `email_taken`.",
        request=serializers.RegisterSerializer,
        responses={201: serializers.SignedInSerializer},
    )
    def post(self, request: Request) -> Response:
        user = user_register(**valid(serializers.RegisterSerializer(data=request.data)))
        return Response(_signed_in(user), status=201)


class LoginView(PublicView):
    problem_statuses = {"POST": [401]}

    @extend_schema(
        operation_id="auth_login",
        summary="Sign in",
        description="401 `bad_credentials`, whichever of the two is wrong; 429 `locked` after 10 failures in "
        "15 minutes for one e-mail from one address.",
        request=serializers.LoginSerializer,
        responses=serializers.SignedInSerializer,
    )
    def post(self, request: Request) -> Response:
        fields = valid(serializers.LoginSerializer(data=request.data))
        return Response(_signed_in(credentials_check(**fields, address=client_address(request._request))))


class RefreshView(PublicView):
    # Apps renew their tokens in the background, many behind one address: counted among writes.
    throttle_scope = "write"
    problem_statuses = {"POST": [401]}

    @extend_schema(
        operation_id="auth_refresh_token",
        summary="New tokens for a refresh token",
        description="The refresh token is used up. Presented again, it ends the whole sign-in: 401 "
        "`token_reused`. 401 also: `token_invalid`, `token_expired`, `token_revoked`.",
        request=serializers.RefreshSerializer,
        responses=serializers.TokensSerializer,
    )
    def post(self, request: Request) -> Response:
        fields = valid(serializers.RefreshSerializer(data=request.data))
        try:
            return Response(tokens_refresh(refresh=fields["refresh"]))
        except TokenRefusedError as error:
            raise DomainError(error.code, error.detail, status=401) from error


class LogoutView(PublicView):
    throttle_scope = "write"

    @extend_schema(
        operation_id="auth_logout",
        summary="Sign out",
        description="Ends the sign-in that the refresh token belongs to: its access tokens stop working at once. "
        "A token that is no good any more is signed out already: 204 too.",
        request=serializers.RefreshSerializer,
        responses={204: None},
    )
    def post(self, request: Request) -> Response:
        tokens_revoke(refresh=valid(serializers.RefreshSerializer(data=request.data))["refresh"])
        return Response(status=204)


class PasswordResetView(PublicView):
    @extend_schema(
        operation_id="auth_password_reset",
        summary="Ask for a mail with a link to set a new password",
        description="Always 202, whether or not the e-mail is known. The link works once, for an hour.",
        request=serializers.ResetSerializer,
        responses={202: None},
    )
    def post(self, request: Request) -> Response:
        password_reset_request(email=valid(serializers.ResetSerializer(data=request.data))["email"])
        return Response(status=202)


class PasswordResetConfirmView(PublicView):
    problem_statuses = {"POST": [404, 409]}

    @extend_schema(
        operation_id="auth_password_reset_confirm",
        summary="Set a new password by the mailed link",
        description="`uid` and `token` are those of the link. Ends every sign-in. 400 `weak_password`, "
        "`invalid_token` (404 when it is nobody's); 409 `password_changed` when two do it at once.",
        request=serializers.ResetConfirmSerializer,
        responses={204: None},
    )
    def post(self, request: Request) -> Response:
        password_reset_confirm(**valid(serializers.ResetConfirmSerializer(data=request.data)))
        return Response(status=204)


class ChangePasswordView(APIView):
    problem_statuses = {"POST": [409]}

    @extend_schema(
        operation_id="auth_change_password",
        summary="Change one's password",
        description="Ends all other sign-ins. 400 `weak_password`; 403 `wrong_password`; 429 `locked` after 10 wrong "
        "ones in 15 minutes.",
        request=serializers.ChangePasswordSerializer,
        responses={204: None},
    )
    def post(self, request: IdentityRequest) -> Response:
        fields = valid(serializers.ChangePasswordSerializer(data=request.data))
        address = client_address(request._request)
        password_change(user=person_of(request), **fields, address=address, family_id=request.user.family_id)
        return Response(status=204)
