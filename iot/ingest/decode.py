"""First steps: which decoder a message goes to, what it says, and whose reading that is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, MutableMapping
from datetime import datetime
from typing import Any

import msgspec

from iot.decoders import decoder_for, route
from iot.decoders import json as json_decoder
from iot.decoders.base import Decoded, DecodeError, Measurement
from iot.decoders.sparkplug_b import rebirth_command
from iot.ingest.batch import Batch, Message, Sample
from iot.ingest.known import KnownDevice, KnownDevices
from tanks.readings import SENSOR, to_ms

LEVEL_TOPIC, LEVEL_TAIL = "tanks/", "/level"
OBJECT = b"{"
STRANGERS = 10_000


class BatchContext:
    """What a decoder may ask about devices; remembers which decoder states were lent."""

    def __init__(self, known: KnownDevices, received_at: datetime) -> None:
        self.known = known
        self.received_at = received_at
        self.publisher: str | None = None
        self.lent: dict[str, tuple[bytes, MutableMapping[str, Any]]] = {}

    def kind(self, device_id: str) -> str | None:
        device = self.known.get(device_id)
        return device.kind if device else None

    def is_registered(self, device_id: str) -> bool:
        return self.known.get(device_id) is not None

    def settings(self, device_id: str) -> Mapping[str, Any]:
        device = self.known.get(device_id)
        return device.settings if device else {}

    def state(self, device_id: str) -> MutableMapping[str, Any]:
        if device_id in self.lent:
            return self.lent[device_id][1]
        device = self.known.get(device_id)
        if device is None:
            strangers = self.known.strangers
            if len(strangers) > STRANGERS and device_id not in strangers:
                strangers.clear()
            return strangers.setdefault(device_id, {})
        state = device.decoder_state
        self.lent[device_id] = (msgspec.json.encode(state), state)
        if not state and device_id in self.known.strangers:
            state.update(self.known.strangers.pop(device_id))  # announced before it was registered
        return state

    def changed_states(self) -> dict[str, dict[str, Any]]:
        """The lent states that a decoder changed."""
        return {
            name: dict(state)
            for name, (before, state) in self.lent.items()
            if msgspec.json.encode(state) != before
        }


def decode(batch: Batch, known: KnownDevices) -> None:
    """Messages → samples and events of known devices; everything else becomes a rejection."""
    if not batch.changes_heard:
        known.hear_changes()
    known.load(_named_by_topics(batch.messages))
    context = BatchContext(known, batch.now)
    for index, message in enumerate(batch.messages):
        topic = message.topic
        if topic.startswith(LEVEL_TOPIC) and topic.endswith(LEVEL_TAIL) and message.payload[:1] == OBJECT:
            _decode_level(batch, known, index, message)
            continue
        context.received_at, context.publisher = message.received_at, message.device_id
        try:
            found = _decode_message(message, context)
        except DecodeError as error:
            batch.reject(index, error.code, error.detail, device_id=error.device_id or _owner_of(message))
            continue
        for decoded in found:
            _take(batch, known, index, message, decoded)
    for name, state in context.changed_states().items():
        device = known.get(name)
        if device is not None:
            device.pending["decoder_state"] = state
            batch.heard.add(device)


def _decode_level(batch: Batch, known: KnownDevices, index: int, message: Message) -> None:
    """The hot path, one object on `tanks/<deviceId>/level`: what `_decode_message` and `_take` do, without detours."""
    device_id = message.topic[len(LEVEL_TOPIC) : -len(LEVEL_TAIL)]
    device = known.loaded(device_id)
    try:
        if device is None:
            raise DecodeError("unknown_device", "no device is registered by this name")
        if device.settings.get("field"):
            context = BatchContext(known, message.received_at)
            _take(
                batch, known, index, message, json_decoder.decode(message.topic, message.payload, context)[0]
            )
            return
        measurement = json_decoder.decode_reading(message.payload, message.received_at)
    except DecodeError as error:
        batch.reject(index, error.code, error.detail, device_id=device_id)
        return
    _place(batch, index, message, device, (measurement,))


def _named_by_topics(messages: list[Message]) -> set[str]:
    names = {message.device_id for message in messages if message.device_id}
    for message in messages:
        topic = message.topic
        if topic.startswith(LEVEL_TOPIC):
            names.add(topic[len(LEVEL_TOPIC) :].rpartition("/")[0])
        elif topic:
            kind = route(topic)
            name = decoder_for(kind).device_id_from_topic(topic) if kind else None
            if name:
                names.add(name)
    return names


def _decode_message(message: Message, context: BatchContext) -> list[Decoded]:
    """What the message says. Raises DecodeError."""
    topic = message.topic
    if topic.startswith(LEVEL_TOPIC):
        return json_decoder.decode(topic, message.payload, context)
    if message.device_id and message.kind == "json":
        return [_decode_items(message.device_id, message.payload, message.received_at)]
    kind = message.kind or route(topic)
    if kind is None:
        raise DecodeError("foreign_topic", "no fleet publishes on this topic")
    return decoder_for(kind).decode(topic, message.payload, context)


def _decode_items(device_id: str, payload: bytes, received_at: datetime) -> Decoded:
    decoded = Decoded(device_id=device_id)
    for index, item in enumerate(json_decoder.decode_items(payload, received_at)):
        if isinstance(item, DecodeError):
            decoded.rejected.append((index, item))
        else:
            decoded.measurements.append(item)
    return decoded


def _owner_of(message: Message) -> str:
    if message.device_id:
        return message.device_id
    kind = message.kind or route(message.topic)
    name = decoder_for(kind).device_id_from_topic(message.topic) if kind and message.topic else None
    return name or ""


def _take(batch: Batch, known: KnownDevices, index: int, message: Message, decoded: Decoded) -> None:
    """Gives what was decoded to the device it is about."""
    device = known.get(decoded.device_id)
    for alias in decoded.aliases if device is None else ():
        device = device or known.get(alias)
    name = decoded.device_id
    for event in decoded.events:
        if event.kind == "rebirth_needed":
            batch.downlinks.append(rebirth_command(name, batch.now))
        elif device is not None and not (message.retained and event.kind == "birth"):
            batch.events.append((device, event, message.received_at))
            batch.heard.add(device)
    for item, error in decoded.rejected:
        batch.reject(index, error.code, error.detail, item=item, device_id=name)
    if device is None:
        if decoded.measurements or (decoded.events and decoded.events[0].kind != "rebirth_needed"):
            batch.reject(index, "unknown_device", "no device is registered by this name", device_id=name)
        return
    if message.device_id is not None and device.device_id != message.device_id:
        batch.reject(index, "foreign_device", "these credentials are another device's", device_id=name)
        return
    _place(batch, index, message, device, decoded.measurements, {item for item, _ in decoded.rejected})


def _place(
    batch: Batch,
    index: int,
    message: Message,
    device: KnownDevice,
    measurements: Iterable[Measurement],
    rejected: Collection[int] = (),
) -> None:
    """Samples at their times: their own, else that of their arrival. `rejected` are the places of items refused."""
    tank, slot = device.tank, device.slot
    series = tank.series if tank is not None else 0
    samples, item = batch.samples, -1
    for measurement in measurements:
        item += 1
        while rejected and item in rejected:
            item += 1
        at = measurement.at
        if at is not None:
            ms = to_ms(at)
        elif message.retained:
            why = "a retained message without a time says nothing of now"
            batch.reject(index, "retained", why, item=item, device_id=device.device_id)
            continue
        else:
            ms = _arrival(device, message)
        sample = Sample(series, slot, ms, 0.0, 0.0, SENSOR, index, item, device, measurement)
        if measurement.level_percent is None and not measurement.has_quantity:
            batch.statuses.append(sample)
        elif tank is None:
            why = "the device belongs to no tank yet"
            batch.reject(index, "unclaimed_device", why, item=item, device_id=device.device_id)
        else:
            samples.append(sample)
            if at is None and message.redelivered:
                batch.repeats.append(sample)
        batch.heard.add(device)


def _arrival(device: KnownDevice, message: Message) -> int:
    """The time of a sample that has none (ms). Two of one moment are two readings, not one sent twice."""
    ms = to_ms(message.received_at)
    if device.last_arrival is not None and ms <= device.last_arrival:
        ms = device.last_arrival + 1
    device.last_arrival = ms
    return ms
