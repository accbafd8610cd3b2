"""Commands to Mosquitto's dynamic-security plugin, over MQTT, each with its answer."""

from __future__ import annotations

import queue
from collections.abc import Sequence
from types import TracebackType
from typing import Any

import orjson
import paho.mqtt.client as mqtt

from iot.mqtt.address import configure

COMMANDS, RESPONSES = "$CONTROL/dynamic-security/v1", "$CONTROL/dynamic-security/v1/response"
SECONDS = 10.0
AT_ONCE = 100

Command = dict[str, Any]


class ControlError(Exception):
    """The broker does not answer, or refuses what was asked of it."""


class Control:
    """A connection of its own: `with Control(url) as control: control.run([...])`."""

    def __init__(self, url: str) -> None:
        self._answers: queue.SimpleQueue[list[Command] | str] = queue.SimpleQueue()
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        self._host, self._port = configure(self._client, url)
        self._client.on_connect = self._connected
        self._client.on_subscribe = self._subscribed
        self._client.on_message = lambda _client, _data, message: self._answers.put(
            orjson.loads(message.payload)["responses"]
        )

    def _connected(self, client: mqtt.Client, _: Any, __: Any, reason: Any, ___: Any) -> None:
        if reason.is_failure:
            self._answers.put(f"the broker refuses its administrator: {reason}")
        else:
            client.subscribe(RESPONSES, 1)

    def _subscribed(self, _: Any, __: Any, ___: int, reasons: list[Any], ____: Any) -> None:
        self._answers.put("" if not reasons[0].is_failure else f"no right to administer: {reasons[0]}")

    def __enter__(self) -> Control:
        try:
            self._client.connect(self._host, self._port)
        except OSError as error:
            raise ControlError(str(error)) from error
        self._client.loop_start()
        problem = self._next()
        if problem:
            self.__exit__(None, None, None)
            raise ControlError(str(problem))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _next(self) -> list[Command] | str:
        try:
            return self._answers.get(timeout=SECONDS)
        except queue.Empty:
            raise ControlError("the broker does not answer") from None

    def run(self, commands: Sequence[Command], *, but: tuple[str, ...] = ()) -> list[Command]:
        """Each command's answer. Raises ControlError for a refusal, unless its text holds one of `but`."""
        answers: list[Command] = []
        for at in range(0, len(commands), AT_ONCE):
            body = orjson.dumps({"commands": list(commands[at : at + AT_ONCE])})
            self._client.publish(COMMANDS, body, qos=1)
            found = self._next()
            assert isinstance(found, list)  # texts come only while connecting
            answers += found
        for answer in answers:
            problem = answer.get("error")
            if problem and not any(word in problem for word in but):
                raise ControlError(f"{answer.get('command')}: {problem}")
        return answers
