"""A mind as bytes and back, and what of its findings is kept in plain form for those who only read.

The bytes are read by the worker alone. A version that does not fit, or bytes that make no sense, are no error:
the mind is then made anew from the stored readings.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np

from common.time import iso
from tanks.demand import demand_fit
from tanks.fan import level_fan
from tanks.forecast import Forecast
from tanks.mind import TankFacts, TankMind
from tanks.outlook import CURVE_SHARES
from tanks.usage import DayUse

VERSION = 9


def pack(mind: TankMind) -> bytes:
    """The mind's whole state."""
    return msgspec.msgpack.encode([VERSION, mind.to_dict()], enc_hook=_plain)


def unpack(packed: bytes | None, facts: TankFacts) -> TankMind | None:
    """The mind of that state, None when it cannot be used."""
    if not packed:
        return None
    try:
        version, state = msgspec.msgpack.decode(packed)
        return TankMind(facts, state) if version == VERSION else None
    except (msgspec.DecodeError, LookupError, TypeError, ValueError):
        return None


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value)} is no part of a mind's state")


def day_row(day: DayUse) -> list[Any]:
    """A closed day as it is kept: its number, litres, night flow (litres an hour), whether it is an estimate."""
    return [day.ordinal, round(day.litres, 2), round(day.night_flow, 3), day.estimated]


def habits(mind: TankMind) -> dict[str, Any]:
    """The household's habits: relative use of Monday … Sunday, shares of the day's hours, night flow."""
    flow = mind.usage.minimum_night_flow()
    return {
        "weekdays": [round(share, 4) for share in mind.usage.weekday_profile()],
        "hours": [round(share, 5) for share in mind.usage.profile.tolist()],
        "night_flow": None if flow is None else round(flow, 3),
    }


def forecast_document(made: Forecast) -> dict[str, Any]:
    """A forecast as the tank's document keeps it: days and moments until it is empty, and until it is low."""
    return {
        "madeAt": _moment(made.made_at),
        "volumeLiters": round(made.volume_liters, 1),
        "daysRemaining": {
            name: round(days, 2) for name, days in (("p10", made.empty.p10), ("p50", made.empty.p50))
        }
        | {"p90": round(made.empty.p90, 2)},
        "runsOutAt": {
            "p10": _moment(made.runs_out_at().p10),
            "p50": _moment(made.runs_out_at().p50),
            "p90": _moment(made.runs_out_at().p90),
        },
        "lowInDays": {
            "p10": round(made.low.p10, 2),
            "p50": round(made.low.p50, 2),
            "p90": round(made.low.p90, 2),
        },
    }


def outlook_document(mind: TankMind, made: Forecast) -> dict[str, Any]:
    """What decisions and drawings need of a forecast: the curve of the days to empty, and the fan of levels."""
    now = datetime.fromtimestamp(made.made_at, mind.zone)
    capacity = mind.facts.capacity_liters
    return {
        "made_at": made.made_at,
        "curve": made.days_of_chance(CURVE_SHARES).round(3).tolist(),
        "fan": level_fan(
            demand_fit(mind.usage.days, capacity=capacity),
            volume=made.volume_liters,
            capacity=capacity,
            weekday=now.weekday(),
            profile=mind.usage.profile,
            elapsed=(now.hour * 60 + now.minute) / 1440,
        ),
    }


def evidence_document(evidence: dict[str, Any]) -> dict[str, Any]:
    """An alert's evidence with its window as moments."""
    return {
        name: _moment(value) if name in ("from", "to") else getattr(value, "item", lambda v=value: v)()
        for name, value in evidence.items()
    }


def _moment(seconds: float) -> str:
    return iso(datetime.fromtimestamp(seconds, UTC))
