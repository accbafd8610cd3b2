"""All demand models by name. HELD_OUT are never looked at while the mind is changed: they judge it."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.mind.demand import Minutes, fixtures, smooth, trough
from benchmarks.mind.habits import pulses, varied

MODELS: dict[str, Callable[..., Minutes]] = {
    "fixtures": fixtures,
    "smooth": smooth,
    "trough": trough,
    "varied": varied,
    "pulses": pulses,
}
HELD_OUT = ("trough", "pulses")
