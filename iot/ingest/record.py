"""Middle steps: from what was measured to percent and litres, and into the database."""

from __future__ import annotations

from collections import Counter

from iot.ingest.batch import Batch, Sample
from iot.ingest.known import KnownDevices, KnownTank
from tanks import readings
from tanks.geometry import GeometryError, level_and_volume
from tanks.services.readings import readings_record

LATELY, ONE_BATCH_MS = 50, 10_000


def convert(batch: Batch, known: KnownDevices) -> None:
    """Litres and percent of every sample, by its tank's capacity and shape."""
    failed = set()
    for index, sample in enumerate(batch.samples):
        tank = sample.device.tank
        assert tank is not None  # seen to when it was placed
        percent = sample.measurement.level_percent
        if percent is not None:
            sample.level = percent
            sample.volume_liters = tank.capacity * percent / 100.0
        elif not _convert_by_shape(batch, sample, tank):
            failed.add(index)
    if failed:
        batch.samples = [sample for index, sample in enumerate(batch.samples) if index not in failed]


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
    if batch.repeats:
        _recall(batch.repeats)
    recorded = readings_record(candidates=batch.samples, states=states)
    if recorded.conflicts:
        known.doubt_states()
    batch.duplicates = recorded.duplicates
    batch.moved = recorded.moved
    batch.suspects = len(recorded.qualities) - recorded.qualities.count("good")
    batch.tanks = {series: tank for series, tank in tanks.items() if series in states}
    if recorded.gone:
        _drop_gone(batch, recorded.gone)


def _recall(repeats: list[Sample]) -> None:
    """Gives samples that have no time of their own the one they are stored under already, if they are.

    A listener that died after it stored such a sample, and before it said so, is sent it again, and would store it
    as another one. It is known by its level, among the last that were stored together.
    """
    lately: dict[int, dict[float, int]] = {}
    asked = Counter(sample.series for sample in repeats)
    for sample in repeats:
        series = sample.series
        if series not in lately:
            lately[series] = _stored_lately(series, sample.slot, LATELY + asked[series])
        sample.ms = lately[series].get(round(sample.level, 3), sample.ms)


def _stored_lately(series: int, slot: int, limit: int) -> dict[float, int]:
    """Level → time (ms) of a device's newest readings, as far back as one batch may reach."""
    rows = [row for row in readings.newest(series, limit=limit) if row.slot == slot]
    return {row.level: row.ms for row in rows if rows[0].ms - row.ms <= ONE_BATCH_MS}


def _drop_gone(batch: Batch, gone: set[int]) -> None:
    """Refuses the samples of tanks that were deleted meanwhile."""
    kept = []
    for sample in batch.samples:
        if sample.series in gone:
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
