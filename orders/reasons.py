"""Why an automatic order was placed, in words. Pure."""

from collections.abc import Mapping
from typing import Any


def why_in_words(why: Mapping[str, Any] | None) -> str:
    """One sentence from an order's `why`; empty where it tells nothing that is known here."""
    if not why or "level" not in why:
        return ""
    level = f"the tank was at {why['level']:.0f} %"
    if why.get("rule") == "low_water":
        return f"{level}, and {why['lowWaterThreshold']:.0f} % is low."
    if why.get("rule") == "forecast" and "runOutChance" in why:
        return (
            f"{level}, and would run dry within the {why['leadDays']:.1f} days a delivery takes with a chance "
            f"of {100 * why['runOutChance']:.0f} %."
        )
    return ""
