"""Recognizers and the threads in which they work: as many as there are cores, shared by all clients."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TypeVar

from vyraz import models
from vyraz.detect import DETECTORS
from vyraz.errors import UsageError
from vyraz.recognize import Recognizer

__all__ = ["Engine"]

_Result = TypeVar("_Result")


class Engine:
    """Loads each recognizer once, and runs what takes long outside the event loop.

    A client has one piece of work here at a time and the pool takes them in turn, so many share it fairly.

    Args:
        own: a model beside the shipped ones, by the path that clients shall name it.
    """

    def __init__(self, own: str = "") -> None:
        self._own = own
        self._load = lru_cache(maxsize=16)(Recognizer)

    def open(self) -> None:
        self._pool = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="vyraz-work")

    def recognizer(self, model: str, detector: str, min_face_score: float | None) -> Recognizer:
        """A recognizer for a client, who must not name files of this machine.

        Raises:
            UsageError: no such model or detector, or a score out of range.
        """
        if model != self._own:
            models.facts(model)
        if detector not in DETECTORS:
            raise UsageError(f"no detector is called {detector!r}; there are: {', '.join(DETECTORS)}")
        return self._load(model, detector, min_face_score=min_face_score)

    async def run(self, work: Callable[..., _Result], *arguments: object) -> _Result:
        """The result of a function that takes long."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, *arguments)

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)
