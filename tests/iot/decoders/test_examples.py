"""Every decoder against its own example payloads (`iot/decoders/<kind>/examples/*.json`)."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

import iot.decoders
from iot.decoders import REGISTRY, decoder_for
from iot.decoders.base import Decoded, DecodeError, StaticContext

FOLDER = Path(iot.decoders.__file__).parent
EXAMPLES = sorted(FOLDER.glob("*/examples/*.json"))


def payload_of(message: dict[str, Any]) -> bytes:
    if "json" in message:
        return json.dumps(message["json"]).encode()
    if "hex" in message:
        return bytes.fromhex(message["hex"])
    if "base64" in message:
        return base64.b64decode(message["base64"])
    return str(message["text"]).encode()


def as_text(value: Any) -> Any:
    """Times as the examples write them, to the millisecond; anything else as it is."""
    if not isinstance(value, datetime):
        return value
    assert value.microsecond % 1000 == 0
    return value.isoformat(timespec="milliseconds").replace("+00:00", "Z").replace(".000", "")


def plain(struct: msgspec.Struct) -> dict[str, Any]:
    """A struct's fields that differ from their defaults, with times as text."""
    defaults = dict(zip(struct.__struct_fields__[::-1], struct.__struct_defaults__[::-1], strict=False))
    values = {name: getattr(struct, name) for name in struct.__struct_fields__}
    return {
        name: as_text(value)
        for name, value in values.items()
        if name not in defaults or value != defaults[name]
    }


def described(decoded: Decoded) -> dict[str, Any]:
    found: dict[str, Any] = {
        "deviceId": decoded.device_id,
        "measurements": [plain(measurement) for measurement in decoded.measurements],
        "events": [plain(event) for event in decoded.events],
    }
    if decoded.aliases:
        found["aliases"] = sorted(decoded.aliases)
    if decoded.rejected:
        found["rejected"] = [[index, error.code] for index, error in decoded.rejected]
    return found


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_example_decodes_to_the_values_its_document_states(path: Path) -> None:
    example = json.loads(path.read_text())
    kind = path.parts[-3]
    context = StaticContext(
        received_at=datetime.fromisoformat(example["receivedAt"]),
        kinds=example.get("kinds"),
        settings=example.get("settings"),
        default_kind=kind,
        publisher=example.get("publisher"),
    )
    *before, last = example["messages"]
    decoder = decoder_for(kind)
    for message in before:
        decoder.decode(message["topic"], payload_of(message), context)
    if "error" in example:
        with pytest.raises(DecodeError) as raised:
            decoder.decode(last["topic"], payload_of(last), context)
        assert raised.value.code == example["error"]
        return
    found = [described(decoded) for decoded in decoder.decode(last["topic"], payload_of(last), context)]
    for got, wanted in zip(found, example["expected"], strict=True):
        assert got["measurements"] == [pytest.approx(one) for one in wanted["measurements"]]
        assert {**got, "measurements": 0} == {**wanted, "measurements": 0}
    json.dumps(context.states)  # what a decoder remembers must be storable


def test_every_kind_has_examples_of_its_own() -> None:
    assert {path.parts[-3] for path in EXAMPLES} == set(REGISTRY)
