"""WS /api/stream: the newest frame of each client is analysed, stale ones are dropped."""

import asyncio
import json
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import anyio
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from vyraz.errors import VyrazError
from vyraz.live.engine import Engine
from vyraz.live.frames import Picture, Session, Start
from vyraz.live.guard import knows, may_connect
from vyraz.live.settings import Settings

__all__ = ["RefusedError", "Streams", "begin", "both", "guarded", "send", "serve_stream"]

_WRONG, _FULL, _TOKEN = 1008, 1013, 4401
#: Seconds in which a client must begin, and in which it must take what it is sent.
_PATIENCE = 10.0


class RefusedError(Exception):
    """The connection is to be closed with a code and a reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code, self.reason = code, reason


class Streams:
    """How many there are."""

    def __init__(self, most: int) -> None:
        self._most, self.count, self.frames = most, 0, 0

    def __enter__(self) -> None:
        if self.count >= self._most:
            raise RefusedError(_FULL, "the server is full; try again later")
        self.count += 1

    def __exit__(self, *_: object) -> None:
        self.count -= 1


async def serve_stream(socket: WebSocket, engine: Engine, settings: Settings, streams: Streams) -> None:
    """One connection from its first message to its end."""
    await guarded(socket, settings, streams, lambda: _Stream(socket, engine, settings, streams).run())


async def guarded(socket: WebSocket, settings: Settings, streams: Streams, run: Callable[[], Any]) -> None:
    """A connection that may be refused, may fail and may end at any moment."""
    if not may_connect(socket.headers, settings):
        await socket.close(_WRONG)
        return
    await socket.accept()
    try:
        with streams:
            await run()
    except RefusedError as refused:
        await _close(socket, refused.code, refused.reason)
    except VyrazError as error:
        await _close(socket, _WRONG, str(error))
    except TimeoutError:
        await _close(socket, _WRONG, "nothing was heard, or nothing taken, for too long")
    except (WebSocketDisconnect, RuntimeError):
        # Starlette raises RuntimeError when something is sent to who has gone.
        pass


async def both(*endless: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run until one of them fails; that failure is raised, the others are cancelled."""
    try:
        async with anyio.create_task_group() as group:
            for one in endless:
                group.start_soon(one)
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None


async def begin(socket: WebSocket, engine: Engine, settings: Settings, text: str) -> Session:
    """The session that a client's first message asks for, who is then told that it is ready."""
    start = Start.parse(text)
    if not knows(start.token, settings):
        raise RefusedError(_TOKEN, "the token is missing or wrong")
    session = await engine.run(Session, engine, settings, start)
    await send(socket, session.ready())
    return session


async def send(socket: WebSocket, answer: dict[str, Any]) -> None:
    async with asyncio.timeout(_PATIENCE):
        await socket.send_text(json.dumps(answer))


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    if socket.client_state == WebSocketState.CONNECTED:
        # A reason has room for 123 bytes.
        short = reason.encode()[:120].decode(errors="ignore")
        with suppress(RuntimeError, WebSocketDisconnect, TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                await socket.close(code, short)


class _Stream:
    def __init__(self, socket: WebSocket, engine: Engine, settings: Settings, streams: Streams) -> None:
        self._socket, self._engine, self._settings, self._streams = socket, engine, settings, streams
        self._session: Session | None = None
        self._newest: Picture | None = None
        self._there = asyncio.Event()
        self._sending = asyncio.Lock()
        self._pace = _Pace(settings.limits.frames_per_second)

    async def run(self) -> None:
        async with asyncio.timeout(_PATIENCE):
            await self._begin(await self._socket.receive())
        await both(self._listen, self._answer)

    async def _begin(self, message: Any) -> None:
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect
        self._session = await begin(self._socket, self._engine, self._settings, message.get("text") or "")

    async def _listen(self) -> None:
        while True:
            message = await self._socket.receive()
            self._pace.count()
            if message.get("bytes") is None:
                await self._begin(message)
                continue
            stale, self._newest = self._newest, Picture.parse(message["bytes"])
            self._there.set()
            if stale is not None:
                await self._send({"type": "dropped", "number": stale.number})

    async def _answer(self) -> None:
        while True:
            await self._there.wait()
            self._there.clear()
            picture, self._newest = self._newest, None
            if picture is not None and self._session is not None:
                self._streams.frames += 1
                await self._send(await self._engine.run(_read, self._session, picture))

    async def _send(self, answer: dict[str, Any]) -> None:
        async with self._sending:
            await send(self._socket, answer)


def _read(session: Session, picture: Picture) -> dict[str, Any]:
    try:
        return session.read(picture)
    except VyrazError as error:
        return {"type": "error", "number": picture.number, "message": str(error)}


class _Pace:
    """Refuses a client that sends far more than can be shown."""

    def __init__(self, most: int) -> None:
        self._most, self._left, self._then = most, 2.0 * most, time.monotonic()

    def count(self) -> None:
        now = time.monotonic()
        self._left = min(self._left + (now - self._then) * self._most, 2.0 * self._most) - 1
        self._then = now
        if self._left < 0:
            raise RefusedError(_WRONG, f"more than {self._most} messages a second")
