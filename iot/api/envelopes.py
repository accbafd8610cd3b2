"""The envelopes of LoRaWAN servers, as the API's document tells of them: no more and no less than is read."""

from typing import Any

import msgspec

from common.api.schema import FOREIGN


def envelope_schema(envelope: type[msgspec.Struct]) -> dict[str, Any]:
    """The JSON schema of a decoder's envelope, in one piece."""
    (whole,), parts = msgspec.json.schema_components([envelope], ref_template="{name}")

    def resolved(node: Any) -> Any:
        if isinstance(node, list):
            return [resolved(one) for one in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return resolved(parts[node["$ref"]])
        return {
            name: resolved(one)
            for name, one in node.items()
            if name not in ("title", "default", "description")
        }

    return {**resolved(whole), FOREIGN: True, "description": "The event, as the LoRaWAN server sends it."}
