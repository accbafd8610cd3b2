"""Middle steps: from what was measured to percent and litres, and into the database."""

from __future__ import annotations

from datetime import datetime, timedelta

from iot.ingest.batch import Batch, Sample
from iot.ingest.known import KnownDevices, KnownTank
from tanks import readings
from tanks.geometry import GeometryError, level_and_volume
from tanks.readings import to_ms
from tanks.services.readings import Candidate, readings_record

LATELY, ONE_BATCH = 50, timedelta(seconds=10)


def convert(batch: Batch, known: KnownDevices) -> None:
    """Litres and percent of every sample, by its tank's capacity and shape."""
    converted = []
    for sample in batch.samples:
        tank = sample.device.tank
        assert tank is not None  # seen to when it was placed
        measurement = sample.measurement
        percent = measurement.level_percent
        if percent is not None:
            sample.level = percent
            sample.volume_liters = tank.capacity * percent / 100.0
            converted.append(sample)
        elif _convert_by_shape(batch, sample, tank):
            converted.append(sample)
    batch.samples = converted


def _convert_by_shape(batch: Batch, sample: Sample, tank: KnownTank) -> bool:
    measurement = sample.measurement
    try:
        sample.level, sample.volume_liters = level_and_volume(
            capacity_liters=tank.capacity,
            geometry=tank.geometry,
            volume_liters=measurement.volume_liters,
            distance_mm=measurement.distance_mm,
            depth_mm=measurement.depth_mm,
        )
    except GeometryError as error:
        batch.reject(
            sample.message, error.code, error.detail, item=sample.item, device_id=sample.device.device_id
        )
        return False
    return True


def record(batch: Batch, known: KnownDevices) -> None:
    """Judges, stores, and moves current levels; see `tanks.services.readings`."""
    if not batch.samples:
        return
    tanks = {tank.series: tank for sample in batch.samples if (tank := sample.device.tank) is not None}
    known.load_states(tanks)
    states = known.states
    if not tanks.keys() <= states.keys():
        _drop_gone(batch, tanks.keys() - states.keys())
    if any(sample.repeat for sample in batch.samples):
        _recall(batch)
    candidates = [
        Candidate(tank.series, sample.device.slot, to_ms(sample.at), sample.level, sample.volume_liters)
        for sample in batch.samples
        if (tank := sample.device.tank) is not None
    ]
    recorded = readings_record(candidates=candidates, states=states)
    if recorded.conflicts:
        known.doubt_states()
    batch.duplicates = recorded.duplicates
    batch.moved = recorded.moved
    batch.suspects = len(recorded.qualities) - recorded.qualities.count("good")
    batch.tanks = {series: tank for series, tank in tanks.items() if series in states}
    if recorded.gone:
        _drop_gone(batch, recorded.gone)


def _recall(batch: Batch) -> None:
    """Gives samples that have no time of their own the one they are stored under already, if they are.

    A listener that died after it stored such a sample, and before it said so, is sent it again, and would store it
    as another one. It is known by its level, among the last that were stored together.
    """
    lately: dict[int, dict[float, datetime]] = {}
    for sample in batch.samples:
        if sample.repeat and sample.device.tank is not None:
            series = sample.device.tank.series
            if series not in lately:
                lately[series] = _stored_lately(series, sample.device.slot)
            sample.at = lately[series].get(round(sample.level, 3), sample.at)


def _stored_lately(series: int, slot: int) -> dict[float, datetime]:
    """Level → time of a device's newest readings, as far back as one batch may reach."""
    rows = [row for row in readings.newest(series, limit=LATELY) if row.slot == slot]
    return {row.level: row.timestamp for row in rows if rows[0].timestamp - row.timestamp <= ONE_BATCH}


def _drop_gone(batch: Batch, gone: set[int]) -> None:
    """Refuses the samples of tanks that were deleted meanwhile."""
    kept = []
    for sample in batch.samples:
        if sample.device.tank is not None and sample.device.tank.series in gone:
            batch.reject(
                sample.message,
                "unknown_device",
                "the device's tank was deleted",
                item=sample.item,
                device_id=sample.device.device_id,
            )
        else:
            kept.append(sample)
    batch.samples = kept
