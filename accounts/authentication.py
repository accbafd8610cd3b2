"""Who is asking: the bearer token of the API."""

from rest_framework_simplejwt.authentication import JWTAuthentication


class BearerAuthentication(JWTAuthentication):
    """simplejwt's, with `WWW-Authenticate: Bearer realm="api"`."""
