"""The Channels consumer behind `/ws/live`: lets people in, says hello, hears `resume`, and ends with the sign-in."""

import asyncio
import contextlib
import logging
from typing import Any

import orjson
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from redis import RedisError

from common.time import utc_now
from notifications.live.cursors import parse_cursor
from notifications.live.fanout import TRY_AGAIN_LATER, UNAUTHORISED, fanout
from notifications.live.identity import (
    SUBPROTOCOL,
    Listener,
    bearer_of,
    headers_of,
    listener_by_session,
    listener_by_token,
    same_origin,
    session_key_of,
)
from notifications.live.sockets import LiveSocket, hello

log = logging.getLogger(__name__)
MESSAGE_BYTES = 4_096
SERVER_ERROR = 1011
PONG = '{"type":"pong"}'


class LiveConsumer(AsyncWebsocketConsumer):
    """One socket, fed by `fanout`: there is no channel layer (docs/adr 6).

    A page of another origin gets 403 at the handshake; a token or session that does not hold is told so by close
    code 4401; without Redis it is 1013, try again later.
    """

    socket: LiveSocket | None = None
    work: asyncio.Task[None] | None = None
    over = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            if self.work is not None:
                self.work.cancel()

    async def connect(self) -> None:
        headers = headers_of(self.scope)
        offered = self.scope.get("subprotocols", [])
        token = bearer_of(offered)
        if token is None and not same_origin(headers):
            await self.close()
            return
        listener = await self._listener(token, session_key_of(headers))
        await self.accept(subprotocol=SUBPROTOCOL if SUBPROTOCOL in offered else None)
        if listener is None:
            await self.end(UNAUTHORISED)
            return
        self.socket = LiveSocket(listener=listener, source=fanout(), send=self.put, close=self.end)
        self.work = asyncio.create_task(self._serve(self.socket))

    async def _listener(self, token: str | None, session_key: str | None) -> Listener | None:
        found: Listener | None = None
        if token is not None:
            found = await database_sync_to_async(listener_by_token)(token)
        elif session_key is not None:
            found = await database_sync_to_async(listener_by_session)(session_key)
        return found

    async def _serve(self, socket: LiveSocket) -> None:
        """All that the server sends, until the sign-in expires or the client leaves."""
        try:
            async with fanout().joined(socket):
                await self.put(hello(socket.cursor()))
                async with asyncio.timeout(_seconds_left(socket.listener)):
                    async with asyncio.TaskGroup() as both:
                        both.create_task(socket.run())
                        both.create_task(socket.write())
        except TimeoutError:
            await self.end(UNAUTHORISED)
        except RedisError:
            await self.end(TRY_AGAIN_LATER)
        except Exception:
            log.exception("live: a socket failed")
            await self.end(SERVER_ERROR)

    async def put(self, text: str) -> None:
        await self.base_send({"type": "websocket.send", "text": text})

    async def end(self, code: int) -> None:
        """Close, once, and send nothing any more."""
        if self.over:
            return
        self.over = True
        work = self.work
        await self.close(code=code)
        if work is not None and work is not asyncio.current_task():
            work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await work

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """`{"type":"resume","after":"<id>"}`, or `{"type":"ping"}` of a page, which hears nothing of the protocol's
        own pings and wants to know that the server is there. Anything else is not for us and harms nobody."""
        if self.socket is None or self.over or text_data is None or len(text_data) > MESSAGE_BYTES:
            return
        try:
            message = orjson.loads(text_data)
        except orjson.JSONDecodeError:
            return
        if not isinstance(message, dict):
            return
        if message.get("type") == "resume":
            self.socket.resume(parse_cursor(message.get("after"), streams=len(self.socket.shards)))
        elif message.get("type") == "ping":
            await self.put(PONG)


def _seconds_left(listener: Listener) -> float | None:
    """Until the listener's token expires; None: a session, which is looked at from time to time."""
    if listener.expires_at is None:
        return None
    return max(0.0, (listener.expires_at - utc_now()).total_seconds())
