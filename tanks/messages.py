"""What an owner is told of an alert: short, with the number that matters."""

from collections.abc import Callable
from typing import Any

Evidence = dict[str, Any]


def called(name: str) -> str:
    """How a tank is called in a sentence."""
    return name or "Your tank"


def _percent(evidence: Evidence) -> str:
    level = evidence.get("level", evidence.get("levelPercent"))
    return "an unknown level" if level is None else f"{level:.0f} %"


def _liters(evidence: Evidence, name: str) -> str:
    return f"{evidence[name]:,.0f} litres" if name in evidence else "some litres"


OPENED: dict[str, Callable[[str, Evidence], str]] = {
    "low": lambda tank, e: f"{tank} is low: {_percent(e)}.",
    "critical": lambda tank, e: f"{tank} is critically low: {_percent(e)}.",
    "runout_soon": lambda tank, e: f"{tank} may run out before water can be delivered.",
    "leak": lambda tank, e: f"{tank} seems to leak: about {_liters(e, 'litersPerDay')} a day.",
    "burst": lambda tank, e: f"{tank} is losing water fast: {_liters(e, 'lostLiters')} gone.",
    "stuck": lambda tank, e: f"The sensor of {tank} shows the same level all the time.",
    "noisy": lambda tank, e: f"The sensor of {tank} jumps about; its levels are uncertain.",
    "faulty": lambda tank, e: f"The sensor of {tank} reports a fault.",
    "offline": lambda tank, e: f"The sensor of {tank} is silent.",
    "overfill": lambda tank, e: f"{tank} is too full: {_percent(e)}.",
    "unexpected_refill": lambda tank, e: f"{tank} gained {_liters(e, 'liters')} without a delivery.",
}

CLOSED: dict[str, str] = {
    "low": "{tank} has enough water again.",
    "critical": "{tank} is no longer critically low.",
    "runout_soon": "{tank} is no longer about to run out.",
    "leak": "{tank} no longer seems to leak.",
    "burst": "{tank} has stopped losing water.",
    "stuck": "The sensor of {tank} moves again.",
    "noisy": "The sensor of {tank} is steady again.",
    "faulty": "The sensor of {tank} works again.",
    "offline": "The sensor of {tank} is heard again.",
    "overfill": "{tank} is no longer too full.",
    "unexpected_refill": "The refill of {tank} has been taken note of.",
}


def opened(*, kind: str, tank: str, evidence: Evidence) -> str:
    return OPENED[kind](tank, evidence)


def closed(*, kind: str, tank: str) -> str:
    return CLOSED[kind].format(tank=tank)


def _days(evidence: Evidence, name: str) -> str:
    return f"{evidence[name]:.1f} days" if name in evidence else "some days"


NUMBERS: dict[str, Callable[[Evidence], str]] = {
    "low": _percent,
    "critical": _percent,
    "overfill": _percent,
    "runout_soon": lambda e: (
        f"perhaps empty in {_days(e, 'daysToEmptyP10')}, likely in "
        f"{_days(e, 'daysToEmptyP50')}; water takes {_days(e, 'leadDays')}"
    ),
    "leak": lambda e: (
        f"about {_liters(e, 'litersPerDay')} a day beyond use, seen over "
        f"{e.get('nights', 'some')} night{'' if e.get('nights') == 1 else 's'}"
    ),
    "burst": lambda e: f"{_liters(e, 'lostLiters')} lost, {e.get('percentAnHour', 0):.0f} % an hour",
    "stuck": lambda e: f"{_percent(e)} in {e.get('readings', 'many')} readings",
    "noisy": lambda e: f"noise of {e.get('noisePercent', 0):.1f} %, usually {e.get('usualPercent', 0):.1f} %",
    "faulty": lambda e: (
        f"{100 * e['suspectShare']:.0f} % of the readings cannot be believed"
        if "suspectShare" in e
        else f"{e.get('errors', 'several')} errors told by the sensor"
    ),
    "offline": lambda e: f"silent for {e['silentHours']:.0f} hours" if "silentHours" in e else "silent",
    "unexpected_refill": lambda e: f"{_liters(e, 'liters')} without a delivery",
}


def in_numbers(*, kind: str, evidence: Evidence) -> str:
    """An alert's evidence in a few words, for a list or a chart; nothing without evidence."""
    return NUMBERS[kind](evidence) if evidence else ""
