"""Last steps for the devices: what they say of themselves, and whether they are there.

A device's own values (battery, signal, last seen) are gathered in memory and written together now and then; a
change between online, offline and faulty is written at once.
"""

from __future__ import annotations

import time

from common.mongo import update_many_ways
from iot.decoders.base import DeviceEvent
from iot.ingest.batch import Batch, Sample
from iot.ingest.known import KnownDevice, KnownDevices
from tanks.models import Device, DeviceStatus
from tanks.services.device_status import device_status_set

WRITE_SECONDS = 5.0
REWRITE_SECONDS = 60.0  # what a device tells again and again is written so seldom while it does
WRITES_AT_ONCE = 5_000
WRITE_AT_ONCE = 50  # so few that there is nothing to gain by waiting,
REST_SECONDS = 1.0  # unless batch follows upon batch
FAULTY_ERRORS = 3
LEARNING_RATE = 0.2
SHORTEST_INTERVAL, LONGEST_INTERVAL = 1.0, 7 * 86_400.0
LOW_VOLTS, FULL_VOLTS = 3.0, 3.6  # of the lithium cells that such sensors carry

# What the next report tells again: not worth a wait for the disk.
HEARD_AGAIN = {"last_seen", "interval_seconds", "battery_percent", "rssi_dbm", "temperature_c"}
ALIVE = {"online", "birth"}
GONE = {"offline", "death"}


class DeviceStatuses:
    """Gathers and writes what is known of devices; one a pipeline. `may_rest`: `write` is called when it is idle."""

    def __init__(self, *, may_rest: bool) -> None:
        self.may_rest = may_rest
        self.unwritten: dict[str, KnownDevice] = {}
        self.written_at = time.monotonic()

    def note(self, batch: Batch, known: KnownDevices) -> None:
        """The step: takes note of every device heard in the batch, and writes when it is time."""
        wanted: dict[KnownDevice, str] = {}
        for sample in batch.statuses:
            _note_sample(sample)
            wanted[sample.device] = DeviceStatus.ONLINE
        times: dict[KnownDevice, list[int]] = {}
        for sample in batch.samples:
            device = sample.device
            _note_sample(sample)
            if device in times:
                times[device].append(sample.ms)
            else:
                times[device] = [sample.ms]
        for device, its_times in times.items():
            _learn_interval(device, its_times)
            if device.sensor_errors:
                device.sensor_errors = device.pending["sensor_errors"] = 0
            wanted[device] = DeviceStatus.ONLINE
        for device, event, _ in batch.events:
            _note_event(device, event, wanted)
        for device in batch.heard:
            if wanted.get(device) != DeviceStatus.OFFLINE:
                device.last_seen = device.pending["last_seen"] = batch.now
            before = self.unwritten.get(device.device_id)
            if before is not None and before is not device:
                device.pending = {**before.pending, **device.pending}
            self.unwritten[device.device_id] = device
        changed = [
            (device, status)
            for device, status in wanted.items()
            if device.status != status
            and not (device.status == DeviceStatus.FAULTY and device.sensor_errors >= FAULTY_ERRORS)
        ]
        waited = time.monotonic() - self.written_at
        few = len(self.unwritten) <= WRITE_AT_ONCE and (not self.may_rest or waited >= REST_SECONDS)
        if changed or few or waited >= WRITE_SECONDS:
            self.write(all_of_it=few)
        for device, status in changed:
            device_status_set(device_id=device.id, status=status, at=batch.now)
            device.status = status

    def write(self, *, all_of_it: bool = True) -> None:
        """Writes what was gathered, but for what was written lately and will be told again, unless `all_of_it`.

        Raises PyMongoError, and keeps it then.
        """
        now = time.monotonic()
        due = [
            device
            for device in self.unwritten.values()
            if all_of_it or now - device.written_at >= REWRITE_SECONDS or device.pending.keys() - HEARD_AGAIN
        ]
        writes = [
            {"q": {"_id": device.id}, "u": {"$set": device.pending}} for device in due if device.pending
        ]
        durable = any(device.pending.keys() - HEARD_AGAIN for device in due)
        for at in range(0, len(writes), WRITES_AT_ONCE):
            update_many_ways(Device, writes[at : at + WRITES_AT_ONCE], durable=durable)
        for device in due:
            device.pending, device.written_at = {}, now
            del self.unwritten[device.device_id]
        self.written_at = now


def _note_sample(sample: Sample) -> None:
    measurement, pending = sample.measurement, sample.device.pending
    if measurement.battery_percent is not None:
        pending["battery_percent"] = measurement.battery_percent
    elif measurement.battery_volts is not None:
        share = (measurement.battery_volts - LOW_VOLTS) / (FULL_VOLTS - LOW_VOLTS)
        pending["battery_percent"] = round(100 * min(max(share, 0.0), 1.0))
    if measurement.rssi_dbm is not None:
        pending["rssi_dbm"] = float(measurement.rssi_dbm)
    if measurement.temperature_c is not None:
        pending["temperature_c"] = measurement.temperature_c
    if measurement.firmware:
        pending["firmware"] = measurement.firmware[:64]


def _learn_interval(device: KnownDevice, times: list[int]) -> None:
    """The interval follows the gaps between a device's own times (ms); a missed report moves it little."""
    last, interval = device.last_ms, device.interval
    for ms in times:
        if last is None or ms <= last:
            last = last or ms
            continue
        gap = min((ms - last) / 1000, LONGEST_INTERVAL)
        last = ms
        if interval is None:
            interval = gap
        elif gap != interval:
            gap = min(max(gap, interval / 4), interval * 4)
            interval += LEARNING_RATE * (gap - interval)
        else:
            continue
        interval = max(interval, SHORTEST_INTERVAL)
    device.last_ms = last
    if interval != device.interval:
        device.interval = device.pending["interval_seconds"] = interval


def _note_event(device: KnownDevice, event: DeviceEvent, wanted: dict[KnownDevice, str]) -> None:
    if event.kind in ALIVE:
        wanted[device] = DeviceStatus.ONLINE
    elif event.kind in GONE:
        wanted[device] = DeviceStatus.OFFLINE
    elif event.kind == "firmware":
        device.pending["firmware"] = event.detail[:64]
    elif event.kind == "sensor_error":
        device.sensor_errors += 1
        device.pending["sensor_errors"] = device.sensor_errors
        wanted[device] = DeviceStatus.FAULTY if device.sensor_errors >= FAULTY_ERRORS else DeviceStatus.ONLINE
