"""All demand models by name. USUAL: those whose homes are no harder than the goals describe."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.mind.demand import Minutes, fixtures, smooth, trough
from benchmarks.mind.habits import pulses, varied
from benchmarks.mind.usual import compact, enduses

MODELS: dict[str, Callable[..., Minutes]] = {
    "fixtures": fixtures,
    "smooth": smooth,
    "trough": trough,
    "varied": varied,
    "pulses": pulses,
}
USUAL: dict[str, Callable[..., Minutes]] = {"enduses": enduses, "compact": compact}
