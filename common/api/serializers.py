"""Serializers that DRF lacks."""

from typing import Any

from rest_framework import serializers


class WholeSerializer(serializers.Serializer[Any]):
    """A part that changes as a whole: in a PATCH too its required fields are needed, and its defaults apply."""

    def to_internal_value(self, data: Any) -> Any:
        if self.parent is None:
            return super().to_internal_value(data)
        return type(self)().run_validation(data)  # alone, it knows nothing of the PATCH around it
