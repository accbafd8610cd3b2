"""A level that a person read off: believed at once, and acted upon as a sensor's would be."""

from contextlib import suppress
from datetime import datetime

from kombu.exceptions import OperationalError

from common.errors import DomainError, NotFoundError
from common.live import LiveEvent, events_publish
from common.time import utc_now
from tanks.mind_queue import minds_touch
from tanks.models import Tank
from tanks.readings import MANUAL_SLOT, Reading, to_ms
from tanks.services.level_zones import level_zone_apply, replenishment_request, zone_of
from tanks.services.readings import FUTURE_TOLERANCE, Candidate, TankState, readings_record, states_load
from tanks.zones import OK


def reading_record_manual(
    *,
    tank: Tank,
    level: float | None = None,
    volume_liters: float | None = None,
    timestamp: datetime | None = None,
) -> Reading:
    """Records `level` (percent) or `volume_liters` at `timestamp` (now, unless given).

    The same moment told again changes nothing. Raises DomainError `exceeds_capacity` for more than the tank
    holds, `future_timestamp` (409), NotFoundError for a tank deleted meanwhile.
    """
    now = utc_now()
    at = timestamp or now
    if at > now + FUTURE_TOLERANCE:
        raise _conflict("future_timestamp", "timestamp", "That time is still to come.")
    if level is None:
        if volume_liters is None or volume_liters > tank.capacity:
            message = f"The tank holds at most {tank.capacity:g} litres."
            raise _conflict("exceeds_capacity", "volumeLiters", message)
        level = 100 * volume_liters / tank.capacity
    else:
        volume_liters = tank.capacity * level / 100
    level, volume_liters = round(level, 3), round(volume_liters, 3)
    candidate = Candidate(tank.series, MANUAL_SLOT, to_ms(at), level, volume_liters, "manual")
    states = states_load([tank.pk])
    if tank.series not in states:
        raise NotFoundError("tank")
    recorded = readings_record(candidates=[candidate], states=states)
    if recorded.gone:
        raise NotFoundError("tank")
    minds_touch([tank.pk], {tank.pk: at} if at < now else {})
    if tank.series in recorded.moved:
        _follow(tank, states[tank.series])
    return Reading(tank.series, at, level, volume_liters, "manual", recorded.qualities[0], MANUAL_SLOT)


def _follow(tank: Tank, state: TankState) -> None:
    """Alerts, the wish for water, and the live event of a new current level."""
    zone = zone_of(state=state, low=tank.low_water_threshold, critical=tank.critical_threshold, now=utc_now())
    if zone != (state.zone or OK):
        level_zone_apply(state=state, zone=zone)
    if zone != OK and tank.auto_order:
        with suppress(OperationalError):  # the periodic look at low tanks asks again
            replenishment_request(tank_id=tank.pk)
    current = state.current
    assert current is not None  # it has just moved
    audience = [tank.user_id, *tank.supplier_ids, "admins"]
    data = {"tankId": tank.pk, **current._asdict(), "quality": "good"}
    events_publish([LiveEvent(audience=audience, type="tank.level", data=data)])


def _conflict(code: str, field: str, message: str) -> DomainError:
    return DomainError(code, message, errors={field: [message]})
