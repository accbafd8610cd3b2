"""The life of an alert: opened once a kind, fed with evidence, closed when its cause has clearly gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Severity = Literal["info", "warning", "critical"]
Kind = Literal[
    "low",
    "critical",
    "runout_soon",
    "leak",
    "burst",
    "stuck",
    "noisy",
    "faulty",
    "offline",
    "overfill",
    "unexpected_refill",
]

DAY = 86400.0
RENOTIFY_AFTER: Mapping[str, float] = {
    "critical": 1 * DAY,
    "burst": 0.25 * DAY,
    "leak": 2 * DAY,
    "runout_soon": 1 * DAY,
    "low": 3 * DAY,
}
RENOTIFY_OTHERWISE = 7 * DAY


@dataclass(slots=True)
class Alert:
    """One alert of one tank. Times in seconds since the epoch; `closed_at` None while it is open.

    `evidence`: the numbers that raised it, and `from`/`to`, the window a chart should show.
    """

    kind: str
    severity: str
    opened_at: float
    evidence: dict[str, Any]
    closed_at: float | None = None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Signal:
    """What a detector says now. `active` True: raise (or keep); False: clear. Silence means leave it.

    `anew`: what is open of its kind is over, as there is worse.
    """

    kind: Kind
    active: bool
    severity: Severity = "warning"
    evidence: dict[str, Any] = field(default_factory=dict)
    anew: bool = False


@dataclass(slots=True)
class AlertBook:
    """The open alerts of one tank: at most one a kind."""

    open: dict[str, Alert] = field(default_factory=dict)

    def apply(self, signal: Signal | None, *, at: float) -> list[Alert]:
        """Open or close by the signal; returns the alerts that changed."""
        if signal is None:
            return []
        changed = []
        if signal.kind in self.open and (signal.anew or not signal.active):
            over = self.open.pop(signal.kind)
            over.closed_at = at
            changed.append(over)
        if signal.active and signal.kind not in self.open:
            alert = self.open[signal.kind] = Alert(signal.kind, signal.severity, at, signal.evidence)
            changed.append(alert)
        return changed

    def is_open(self, kind: Kind) -> bool:
        return kind in self.open

    def to_dict(self) -> dict[str, Any]:
        return {kind: alert.to_dict() for kind, alert in self.open.items()}

    @classmethod
    def from_dict(cls, document: dict[str, Any] | None) -> AlertBook:
        return cls({kind: Alert(**alert) for kind, alert in (document or {}).items()})


def renotify_due(alert: Alert, *, notified_at: float, now: float) -> bool:
    """Is it time to remind of an alert that is still open? A small leak is recalled once a week."""
    if alert.closed_at is not None:
        return False
    pause = RENOTIFY_AFTER.get(alert.kind, RENOTIFY_OTHERWISE)
    if alert.kind == "leak" and alert.severity == "info":
        pause = RENOTIFY_OTHERWISE
    return now - notified_at >= pause
