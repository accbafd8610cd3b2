"""Ids in paths: `<oid:tank_id>` gives the view an ObjectId; anything else is an unknown path (404)."""

from bson import ObjectId
from django.urls import register_converter


class ObjectIdConverter:
    regex = "[0-9a-fA-F]{24}"

    def to_python(self, value: str) -> ObjectId:
        return ObjectId(value)

    def to_url(self, value: object) -> str:
        return str(value)


register_converter(ObjectIdConverter, "oid")
