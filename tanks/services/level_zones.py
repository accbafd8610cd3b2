"""What follows from a tank's level: alerts of low and critical levels, and the wish for water."""

from datetime import datetime, timedelta

from bson import ObjectId
from celery import current_app

from tanks.models import AlertKind, Severity, Tank
from tanks.services.alerts import alert_close, alert_open
from tanks.services.readings import TankState, zone_write
from tanks.zones import CRITICAL, LOW, OK, zone_after

# Older levels fill history; they never raise an alert or an order of today.
PRESENT = timedelta(hours=3)
REPLENISH_TASK = "orders.tasks.replenish"  # of an app above this one, so called by its name


def zone_of(*, state: TankState, low: float, critical: float, now: datetime) -> str:
    """The zone of the tank's current level, or the one last acted upon when that level is of the past."""
    current = state.current
    if current is None or now - current.timestamp > PRESENT:
        return state.zone or OK
    return zone_after(zone=state.zone, level=current.level, low=low, critical=critical)


def level_zone_apply(*, state: TankState, zone: str) -> None:
    """Opens and closes alerts so that they fit `zone`, then notes it as acted upon.

    Both kinds changing at once are told as one: the graver on the way down, the milder on the way up. Safe to
    repeat: after a crash in between, the next reading of the tank does it again.
    """
    tank = Tank.objects.filter(pk=state.tank_id).first()
    current = state.current
    if tank is None or current is None:
        return
    wanted = {
        AlertKind.LOW: (zone in (LOW, CRITICAL), Severity.WARNING, tank.low_water_threshold),
        AlertKind.CRITICAL: (zone == CRITICAL, Severity.CRITICAL, tank.critical_threshold),
    }
    quiet = AlertKind.LOW if zone == CRITICAL else AlertKind.CRITICAL if zone == OK else None
    for kind, (is_open, severity, threshold) in wanted.items():
        if not is_open:
            alert_close(tank=tank, kind=kind, closed_at=current.timestamp, quiet=kind == quiet)
            continue
        evidence = {
            "level": current.level,
            "volumeLiters": current.volume_liters,
            "threshold": threshold,
        }
        alert_open(
            tank=tank,
            kind=kind,
            severity=severity,
            evidence=evidence,
            opened_at=current.timestamp,
            quiet=kind == quiet,
        )
    zone_write(state=state, zone=zone)


def replenishment_request(*, tank_id: ObjectId) -> None:
    """Asks for the tank to be replenished; as often as one likes, it makes one order. Raises without Redis."""
    current_app.send_task(REPLENISH_TASK, args=[str(tank_id)], retry=False)
