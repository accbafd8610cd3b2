"""Who is posting: `Authorization: Device <id>:<secret>`, the id and secret of a device or of a gateway.

ThingsBoard's devices give theirs as the token in the address.
"""

from dataclasses import dataclass
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, MethodNotAllowed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from iot.broker.access import device_secret_is
from iot.services.gateways import gateway_authenticate

SCHEME = b"device"
MAX_LENGTH = 512


@dataclass(frozen=True)
class Sender:
    """A device, or a gateway that speaks for devices; `pk` tells them apart for limits and idempotency keys."""

    pk: str
    device_id: str | None
    role: str = "device"
    is_authenticated: bool = True
    is_active: bool = True


class SenderRequest(Request):
    """A request that `IsSender` let in. For types alone."""

    user: Sender  # type: ignore[assignment]


class DeviceAuthentication(BaseAuthentication):
    """A device by its own credentials; with `gateways` also a gateway by its."""

    gateways = False

    def authenticate(self, request: Request) -> tuple[Sender, None] | None:
        credentials = _credentials(get_authorization_header(request))
        if credentials is None:
            return None
        name, secret = credentials
        if device_secret_is(name, secret):
            return Sender(f"device:{name}", name), None
        if self.gateways and gateway_authenticate(gateway_id=name, secret=secret):
            return Sender(f"gateway:{name}", None), None
        raise AuthenticationFailed("No device has these credentials.", code="bad_credentials")

    def authenticate_header(self, request: Request) -> str:
        return 'Device realm="devices"'


class GatewayAuthentication(DeviceAuthentication):
    gateways = True


class TokenAuthentication(DeviceAuthentication):
    """By the address: `<id>:<secret>` stands where ThingsBoard has its access token."""

    def authenticate(self, request: Request) -> tuple[Sender, None]:
        if request.method not in request.parser_context["view"].allowed_methods:
            raise MethodNotAllowed(str(request.method))  # nobody was asked for a header: 401 would mislead
        token: str = request.parser_context["kwargs"]["token"]
        name, _, secret = token.rpartition(":")
        if len(token) <= MAX_LENGTH and device_secret_is(name, secret):
            return Sender(f"device:{name}", name), None
        raise AuthenticationFailed("No device has this token.", code="bad_credentials")


class IsSender(BasePermission):
    """Whoever these classes let in."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return isinstance(request.user, Sender)


def _credentials(header: bytes) -> tuple[str, str] | None:
    """Id and secret of the header, None when it is of another scheme. Raises AuthenticationFailed."""
    scheme, _, rest = header.partition(b" ")
    if scheme.lower() != SCHEME:
        return None
    # An id may hold colons, as MAC addresses do; a secret never does.
    name, colon, secret = rest.strip().rpartition(b":")
    if not (name and colon and secret) or len(rest) > MAX_LENGTH:
        raise AuthenticationFailed("Give `Device <id>:<secret>`.", code="bad_credentials")
    return name.decode("utf-8", "replace"), secret.decode("utf-8", "replace")


class DeviceScheme(OpenApiAuthenticationExtension):
    target_class = "iot.api.authentication.DeviceAuthentication"
    name = "device"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Device <id>:<secret>`: a device's, or a gateway's where gateways may post.",
        }


class GatewayScheme(DeviceScheme):
    target_class = "iot.api.authentication.GatewayAuthentication"
    name = "gateway"
