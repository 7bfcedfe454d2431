"""The application: the page, the API, the streams."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles

import vyraz
from vyraz.errors import ModelError, VyrazError
from vyraz.live.api import Api
from vyraz.live.camera import Camera, serve_camera
from vyraz.live.engine import Engine
from vyraz.live.guard import Guard
from vyraz.live.jobs import Jobs
from vyraz.live.settings import Settings
from vyraz.live.stream import Streams, serve_stream

__all__ = ["create_app"]

_PAGE = Path(__file__).parent / "page"
#: What may be sent to anything that takes no file.
_LITTLE = 65_536


def create_app(settings: Settings) -> FastAPI:
    """The server's application.

    Raises:
        UsageError: a camera, model or detector that there is not.
        ModelError: weights that are damaged or not ours.
    """
    engine, jobs, streams = Engine(settings.model), Jobs(settings.limits), Streams(settings.limits.streams)
    engine.recognizer(settings.model, settings.detector, settings.min_face_score)
    camera = Camera(settings.camera) if settings.camera is not None else None

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        engine.open()
        jobs.open()
        yield
        jobs.close()
        engine.close()

    app = FastAPI(
        title="vyraz",
        summary="Apparent facial expression of people in pictures and video.",
        version=vyraz.__version__,
        lifespan=life,
        # Its pages would be loaded from elsewhere.
        docs_url=None,
        redoc_url=None,
        max_body_size=_LITTLE,
        form_limits={"max_files": 1, "max_fields": 8, "max_part_size": 1024},
    )
    app.include_router(Api(settings, engine, jobs, streams).router())

    @app.websocket("/api/stream")
    async def stream(socket: WebSocket) -> None:
        await serve_stream(socket, engine, settings, streams)

    if camera is not None:

        @app.websocket("/api/camera")
        async def show(socket: WebSocket) -> None:
            await serve_camera(socket, camera, engine, settings, streams)

    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(_PAGE / "index.html")

    app.mount("/page", StaticFiles(directory=_PAGE), name="page")
    app.add_exception_handler(VyrazError, _told)
    app.add_exception_handler(RequestValidationError, _wrong)
    app.add_middleware(Guard, settings=settings)
    return app


async def _told(_: Request, error: Exception) -> JSONResponse:
    """A user's mistake in words; what is ours is 500."""
    status = {1: 400, 2: 422}.get(getattr(error, "exit_code", 0), 400)
    return JSONResponse({"detail": str(error)}, 500 if isinstance(error, ModelError) else status)


async def _wrong(_: Request, error: Exception) -> JSONResponse:
    """The first thing that is wrong with a request, in one sentence."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"][1:]) or "the request"
    return JSONResponse({"detail": f"{place}: {first['msg'].lower()}"}, 422)
