"""What drf-spectacular cannot know by itself: our fields, names, headers, and the problems every operation may give."""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent

from common.api import fields
from common.api.idempotency import KEY_SHAPE
from common.json import PROBLEM_TYPE, camel

Schema = dict[str, Any]

FOREIGN = "x-foreign"  # on a schema whose names are another system's: they stay as they are

PROBLEM: Schema = {
    "type": "object",
    "description": "What went wrong (RFC 9457).",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri", "example": "urn:problem:not_found"},
        "title": {"type": "string", "description": "The status in words."},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "What went wrong, for people."},
        "code": {
            "type": "string",
            "pattern": "^[a-z0-9_]+$",
            "description": "What went wrong, for programs: it never changes.",
        },
        "errors": {
            "type": "object",
            "description": "Status 400: what is wrong with each field, by its path in the body.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
        "retryAfter": {
            "type": "integer",
            "minimum": 0,
            "description": "Seconds to wait before trying again.",
        },
        "limit": {
            "type": "object",
            "description": "Status 429: the limit that was reached.",
            "required": ["scope", "requests", "windowSeconds"],
            "properties": {
                "scope": {"type": "string"},
                "requests": {"type": "integer"},
                "windowSeconds": {"type": "integer"},
            },
        },
    },
}

DESCRIPTIONS = {
    "400": "Malformed, or some fields are not as they should be.",
    "401": "No token, or one that is not valid.",
    "403": "Not for this role.",
    "404": "It does not exist, or is not yours.",
    "405": "The method is not one of those in `Allow`.",
    "409": "The state of things forbids it: `code` says why.",
    "413": "The body is larger than 1 MiB.",
    "415": "Only JSON is taken.",
    "422": "The idempotency key came with another body before.",
    "429": "A rate limit is reached; `Retry-After` says when to come again.",
    "503": "A part of the service is away; try again.",
}

IDEMPOTENCY_PARAMETER: Schema = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Any text of the client's choice, new for each thing wanted. Repeating a request with its "
    "key gives the first answer again, unless that was a refusal; kept for at least 24 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": KEY_SHAPE},
}
IF_NONE_MATCH_PARAMETER: Schema = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The `ETag` of what the client has: 304 if it is still so.",
    "schema": {"type": "string"},
}
INSTANT_SCHEMA: Schema = {
    "type": "string",
    "format": "date-time",
    "pattern": fields.INSTANT,
    "example": "2026-05-01T12:00:00.000Z",
}
CONTINENTS = {
    *("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian"),
    "Pacific",
}
SAFE = ("GET", "HEAD", "OPTIONS")


class ApiAutoSchema(AutoSchema):
    """Documents for each operation the problems it may answer with, and the headers it takes.

    A view may list statuses of its own in `problem_statuses = {"POST": [409]}`; `conditional = True` marks GETs
    that have an ETag.
    """

    def get_tags(self) -> list[str]:
        return [self.path.strip("/").split("/")[1]]

    def _get_parameters(self) -> list[Schema]:
        parameters: list[Schema] = super()._get_parameters()
        if self._takes_idempotency_key:
            parameters.append(IDEMPOTENCY_PARAMETER)
        if self._is_conditional:
            parameters.append(IF_NONE_MATCH_PARAMETER)
        return parameters

    def _get_request_body(self, direction: Any = "request") -> Any:
        if not (self.method == "DELETE" and getattr(self.view, "delete_takes_body", False)):
            return super()._get_request_body(direction)
        self.method = "PUT"  # drf-spectacular knows no bodies of DELETE
        try:
            return super()._get_request_body(direction)
        finally:
            self.method = "DELETE"

    def _get_request_for_media_type(self, serializer: Any, direction: Any = "request") -> Any:
        if isinstance(serializer, dict):
            return serializer, True
        if self.method != "PATCH" or getattr(serializer, "partial", False):
            return super()._get_request_for_media_type(serializer, direction)
        self.method = "PUT"  # drf-spectacular takes every PATCH for partial; ours say so when they are
        try:
            return super()._get_request_for_media_type(serializer, direction)
        finally:
            self.method = "PATCH"

    def _get_response_bodies(self, direction: Any = "response") -> Schema:
        responses: Schema = super()._get_response_bodies(direction)
        if self._is_conditional:
            etag = {"ETag": {"schema": {"type": "string"}}}
            responses["200"].setdefault("headers", {}).update(etag)
            responses["304"] = {"description": "Still as the client has it.", "headers": etag}
        for status in sorted(self._problem_statuses()):
            responses.setdefault(status, self._problem(status))
        return responses

    def _map_serializer(self, serializer: Any, direction: Any, bypass_extensions: bool = False) -> Schema:
        """A request's serializer may have `schema_rules`: what JSON Schema can say beyond single fields.

        One with `tells_all` gives every field in answers, also those that requests may leave out.
        """
        schema: Schema = super()._map_serializer(serializer, direction, bypass_extensions)
        if direction == "response" and getattr(serializer, "tells_all", False):
            schema["required"] = list(schema["properties"])
        rules = getattr(serializer, "schema_rules", None)
        return {**schema, **rules} if rules and direction == "request" else schema

    @property
    def _handler(self) -> Any:
        action = getattr(self.view, "action", None)
        return getattr(self.view, action or self.method.lower(), None)

    @property
    def _takes_idempotency_key(self) -> bool:
        return getattr(self._handler, "takes_idempotency_key", False)

    @property
    def _is_conditional(self) -> bool:
        return self.method == "GET" and getattr(self.view, "conditional", False)

    def _problem_statuses(self) -> set[str]:
        statuses = {"400", "405", "429", "503"}
        if self.get_auth():
            statuses |= {"401", "403"}
        if "{" in self.path or self._get_paginator():
            statuses.add("404")
        if self.method not in SAFE:
            statuses |= {"413", "415"}
        if self._takes_idempotency_key:
            statuses |= {"409", "422"}
        extra = getattr(self.view, "problem_statuses", {}).get(self.method, ())
        return statuses | {str(status) for status in extra}

    def _problem(self, status: str) -> Schema:
        component = ResolvedComponent(
            name="Problem", type=ResolvedComponent.SCHEMA, schema=PROBLEM, object="Problem"
        )
        self.registry.register_on_missing(component)
        response: Schema = {
            "description": DESCRIPTIONS.get(status, "A problem."),
            "content": {PROBLEM_TYPE: {"schema": component.ref}},
        }
        if status in ("429", "503"):
            response["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
        if status == "401":
            response["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
        return response


class _FieldExtension(OpenApiSerializerFieldExtension):
    """Keeps a field's schema in one place; drf-spectacular adds lengths and bounds from the validators."""

    match_subclasses = True

    def schema(self) -> Schema:
        raise NotImplementedError

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> Schema:
        return self.schema()


class TextFieldSchema(_FieldExtension):
    target_class = fields.TextField

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> Schema:
        # What is stored is shown whatever it looks like; the pattern is for what comes in.
        return (
            {"type": "string", "pattern": self.target.pattern}
            if direction == "request"
            else {"type": "string"}
        )


class ObjectIdFieldSchema(_FieldExtension):
    target_class = fields.ObjectIdField

    def schema(self) -> Schema:
        return {"type": "string", "pattern": "^[0-9a-fA-F]{24}$", "example": "66f0c1d2e3a4b5c6d7e8f901"}


class InstantFieldSchema(_FieldExtension):
    target_class = fields.InstantField

    def schema(self) -> Schema:
        return INSTANT_SCHEMA


class MoneyFieldSchema(_FieldExtension):
    target_class = fields.MoneyField

    def schema(self) -> Schema:
        bounds = {"minimum": 0, "maximum": float(self.target.limit), "multipleOf": 10**-self.target.places}
        return {"type": "number", "example": 12.5, **bounds}


class TimezoneFieldSchema(_FieldExtension):
    target_class = fields.TimezoneField

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> Schema:
        # Old names such as GMT+0 and GMT-0 are taken too, but generators of clients cannot tell them apart.
        names = [
            name for name in self.target.choices if name == "UTC" or name.partition("/")[0] in CONTINENTS
        ]
        null = [None] if self.target.allow_null else []
        enum = {"enum": [*names, *null]} if direction == "request" else {}
        return {"type": "string", **enum, "example": "Europe/Berlin"}


def camelize_names(result: Schema, generator: Any, request: Any, public: bool) -> Schema:
    """Postprocessing hook: properties get the names that the renderer gives them."""
    _camelize(result["components"].get("schemas", {}))
    _camelize(result["paths"])
    return result


def _camelize(node: Any) -> None:
    if isinstance(node, list):
        for item in node:
            _camelize(item)
    elif isinstance(node, dict) and FOREIGN not in node:
        properties = node.get("properties")
        if isinstance(properties, dict):
            node["properties"] = {camel(name): inner for name, inner in properties.items()}
            if isinstance(node.get("required"), list):
                node["required"] = [camel(name) for name in node["required"]]
        for name, inner in node.items():
            if name not in ("example", "examples"):
                _camelize(inner)
