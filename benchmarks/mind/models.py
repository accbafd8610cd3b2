"""All demand models by name.

HELD_OUT: not used while the forecast's width was chosen.
"""

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
HELD_OUT = ("trough",)
