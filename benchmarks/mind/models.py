"""All demand models by name.

HELD_OUT: not used while the leaks' limits and the forecast's width were chosen.
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
