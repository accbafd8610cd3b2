"""An unknown payload explained: what it most likely is, and the level it would give in a tank."""

from __future__ import annotations

from typing import Any

import msgspec

from iot.decoders.infer import Candidate, infer
from iot.ingest.known import KnownTank
from tanks.geometry import GeometryError, level_and_volume

ARGUMENTS = {
    "level": "level_percent",
    "volume": "volume_liters",
    "distance": "distance_mm",
    "depth": "depth_mm",
}


def explain(*, payload: bytes, topic: str | None, tank: KnownTank | None) -> list[dict[str, Any]]:
    """Candidates, the likeliest first, named as the API names them. Nothing is saved."""
    return [_in_tank(candidate, tank) for candidate in infer(payload, topic)]


def _in_tank(candidate: Candidate, tank: KnownTank | None) -> dict[str, Any]:
    """The candidate, with what it would mean in the tank."""
    told: dict[str, Any] = {
        **msgspec.to_builtins(candidate),
        "level": None,
        "volumeLiters": None,
        "problem": None,
    }
    if tank is None:
        return told
    try:
        told["level"], told["volumeLiters"] = level_and_volume(
            capacity_liters=tank.capacity,
            geometry=tank.geometry,
            **{ARGUMENTS[candidate.quantity]: candidate.canonical},
        )
    except GeometryError as error:
        told["problem"] = error.detail
    return told
