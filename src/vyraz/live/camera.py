"""WS /api/camera: a camera that the server reads, for as many pages as look; each gets the newest picture."""

import asyncio
import json
import struct
import threading
from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
from starlette.websockets import WebSocket, WebSocketDisconnect

from vyraz.errors import SourceError, UsageError
from vyraz.live.engine import Engine
from vyraz.live.frames import Session
from vyraz.live.settings import Settings
from vyraz.live.stream import RefusedError, Streams, begin, both, guarded
from vyraz.sources import expand, read
from vyraz.types import Frame, Pixels

__all__ = ["Camera", "serve_camera"]

_LENGTH = struct.Struct(">I")
_QUALITY = 85
#: Seconds in which a page must take a picture.
_PATIENCE = 10.0


class Camera:
    """Reads a camera or stream in a thread, while somebody looks.

    Args:
        name: number or URL.

    Raises:
        UsageError: it is neither.
    """

    def __init__(self, name: str) -> None:
        (self._source, *more) = expand([name])
        if more or self._source.kind not in ("camera", "url", "video"):
            raise UsageError(f"{name}: is no camera's number and no URL of a stream")
        self._watchers: set[_Watcher] = set()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def watch(self, watcher: "_Watcher") -> None:
        with self._lock:
            self._watchers.add(watcher)
            if self._thread is None:
                self._thread = threading.Thread(target=self._capture, name="vyraz-camera", daemon=True)
                self._thread.start()

    def leave(self, watcher: "_Watcher") -> None:
        with self._lock:
            self._watchers.discard(watcher)

    def _capture(self) -> None:
        problem = "the camera has ended"
        try:
            for frame in read(self._source):
                if not self._give(frame):
                    return
        except SourceError as error:
            problem = str(error)
        self._give(problem)
        with self._lock:
            self._thread = None

    def _give(self, what: Frame | str) -> bool:
        """To all who look; whether there is anybody."""
        with self._lock:
            for watcher in self._watchers:
                watcher.give(what)
            if not self._watchers:
                self._thread = None
            return bool(self._watchers)


class _Watcher:
    """Holds the newest picture for one page, and why there will be no other."""

    def __init__(self) -> None:
        self._loop, self._there = asyncio.get_running_loop(), asyncio.Event()
        self._newest: deque[Frame] = deque(maxlen=1)
        self._problem: str | None = None

    def give(self, what: Frame | str) -> None:
        """From the camera's thread."""
        if isinstance(what, str):
            self._problem = what
        else:
            self._newest.append(what)
        self._loop.call_soon_threadsafe(self._there.set)

    async def newest(self) -> Frame | str:
        """A picture that was not given out before; after the last, why it was the last."""
        while True:
            # Read first: who tells of the end has given all pictures.
            problem = self._problem
            if self._newest:
                return self._newest.pop()
            if problem is not None:
                return problem
            self._there.clear()
            await self._there.wait()


async def serve_camera(socket: WebSocket, camera: Camera, engine: Engine, settings: Settings, streams: Streams) -> None:
    """One connection from its first message to its end."""
    await guarded(socket, settings, streams, lambda: _Showing(socket, camera, engine, settings, streams).run())


@dataclass(slots=True)
class _Showing:
    socket: WebSocket
    camera: Camera
    engine: Engine
    settings: Settings
    streams: Streams
    session: Session | None = None
    count: int = 0

    async def run(self) -> None:
        async with asyncio.timeout(_PATIENCE):
            self.session = await self._begin(await self.socket.receive())
        watcher, wanted = _Watcher(), asyncio.Event()
        wanted.set()
        self.camera.watch(watcher)
        try:
            await both(partial(self._listen, wanted), partial(self._show, watcher, wanted))
        finally:
            self.camera.leave(watcher)

    async def _begin(self, message: Any) -> Session:
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect
        return await begin(self.socket, self.engine, self.settings, message.get("text") or "")

    async def _listen(self, wanted: asyncio.Event) -> None:
        while True:
            message = await self.socket.receive()
            if (message.get("text") or "").replace(" ", "") == '{"type":"next"}':
                wanted.set()
            else:
                self.session = await self._begin(message)

    async def _show(self, watcher: _Watcher, wanted: asyncio.Event) -> None:
        while True:
            await wanted.wait()
            what = await watcher.newest()
            if isinstance(what, str) or what.error:
                message = what if isinstance(what, str) else str(what.error)
                await self._send(_packed({"type": "stopped", "message": message}))
                if isinstance(what, str):
                    raise RefusedError(1011, "the camera has stopped")
                continue
            wanted.clear()
            self.streams.frames += 1
            assert self.session is not None
            await self._send(await self.engine.run(_read, self.session, what, self.count))
            self.count += 1

    async def _send(self, message: bytes) -> None:
        async with asyncio.timeout(_PATIENCE):
            await self.socket.send_bytes(message)


def _read(session: Session, frame: Frame, number: int) -> bytes:
    answer = session.look(frame.pixels, frame.timestamp or 0.0, number)
    return _packed(answer, frame.pixels)


def _packed(answer: dict[str, Any], pixels: Pixels | None = None) -> bytes:
    text = json.dumps(answer).encode()
    return _LENGTH.pack(len(text)) + text + (b"" if pixels is None else _jpeg(pixels))


def _jpeg(pixels: Pixels) -> bytes:
    _, data = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return data.tobytes()
