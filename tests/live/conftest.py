"""A server in process, and pictures to send it."""

import io
import struct
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

pytest.importorskip("fastapi")

from fastapi.testclient import TestClient
from PIL import Image

from vyraz.live.app import create_app
from vyraz.live.settings import Limits, Settings
from vyraz.types import Pixels

Serve = Callable[..., TestClient]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts a server with some settings and limits; a client of it."""
    clients: list[TestClient] = []

    def start(*, limits: dict[str, Any] | None = None, **settings: Any) -> TestClient:
        app = create_app(Settings(limits=Limits(**(limits or {})), **settings))
        client = TestClient(app, base_url="http://127.0.0.1:8000")
        clients.append(client.__enter__())
        return client

    yield start
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture
def client(serve: Serve) -> TestClient:
    return serve()


@pytest.fixture(scope="session")
def jpeg(face: Pixels) -> bytes:
    """Grace Hopper."""
    return encoded(face)


def encoded(pixels: Pixels, form: str = "JPEG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.asarray(pixels)).save(file, form)
    return file.getvalue()


def framed(number: int, seconds: float, picture: bytes) -> bytes:
    """A binary message of the stream."""
    return struct.pack(">Id", number, seconds) + picture
