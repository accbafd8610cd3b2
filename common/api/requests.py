"""Reading requests."""

from typing import Any

from rest_framework.serializers import BaseSerializer


def valid(serializer: BaseSerializer) -> dict[str, Any]:
    """The serializer's validated data; raises ValidationError (400)."""
    serializer.is_valid(raise_exception=True)
    fields: dict[str, Any] = serializer.validated_data
    return fields
