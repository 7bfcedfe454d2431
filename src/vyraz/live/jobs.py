"""Videos that are analysed in the background, each in a folder of its own that goes with it."""

import asyncio
import csv
import io
import json
import logging
import os
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal

from vyraz import pipeline
from vyraz.errors import VyrazError
from vyraz.live.settings import Limits
from vyraz.recognize import Recognizer
from vyraz.sinks import Setup, open_sink
from vyraz.sources import Source, length_of
from vyraz.types import Frame, Record

__all__ = ["Job", "Jobs", "TooManyError", "rows_of"]

_log = logging.getLogger("vyraz")

State = Literal["waiting", "running", "done", "failed", "cancelled"]
_PREFIX = "vyraz-job-"
_ROWS = "rows.jsonl"
_TOLD = ("id", "state", "frames", "total", "seconds", "width", "height", "message")


class TooManyError(Exception):
    """No room for another job."""


class _CancelledError(Exception):
    pass


@dataclass(slots=True, eq=False)
class Job:
    """One video on its way; also what the pipeline tells of its progress."""

    folder: Path
    name: str
    id: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    state: State = "waiting"
    frames: int = 0
    total: int | None = None
    seconds: float | None = None
    width: int | None = None
    height: int | None = None
    message: str = ""
    ended: float | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)

    def begin(self, source: Source) -> None:
        self.total = length_of(source).frames

    def frame(self, frame: Frame, records: Sequence[Record]) -> None:  # noqa: ARG002
        if self.cancelled.is_set():
            raise _CancelledError
        self.frames, self.seconds = frame.index + 1, frame.timestamp
        if not frame.error:
            self.height, self.width = frame.view.shape

    def failed(self, message: str) -> None:
        # The name of a file of this machine says nothing to a client.
        self.message = message.split(": ", 1)[-1]

    def told(self) -> dict[str, Any]:
        """What a client is told of it."""
        return {name: getattr(self, name) for name in _TOLD}


class Jobs:
    """All jobs of a server. Work is done in threads of its own, so that streams go first.

    Args:
        limits: how many there may be, and how long results are kept.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._jobs: dict[str, Job] = {}

    def open(self) -> None:
        self._pool = ThreadPoolExecutor(
            self._limits.jobs_running, thread_name_prefix="vyraz-job", initializer=_step_back
        )
        _sweep()

    async def start(self, video: BinaryIO, recognizer: Recognizer, options: dict[str, Any], name: str) -> Job:
        """Begin with a video that has been received.

        Raises:
            TooManyError: as many as may be are waiting or running.
        """
        self._forget_old()
        if len(self) >= self._limits.jobs:
            raise TooManyError
        job = Job(Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-")), name)
        self._jobs[job.id] = job
        try:
            await asyncio.to_thread(_keep, video, job.folder / "video")
        except BaseException:
            self.drop(job)
            raise
        self._pool.submit(self._work, job, lambda: _analyse(job, recognizer, options))
        return job

    def find(self, number: str) -> Job | None:
        self._forget_old()
        return self._jobs.get(number)

    def drop(self, job: Job) -> None:
        """Cancel it and forget what it gave."""
        self._jobs.pop(job.id, None)
        job.cancelled.set()
        if job.state != "running":
            shutil.rmtree(job.folder, ignore_errors=True)

    def close(self) -> None:
        for job in [*self._jobs.values()]:
            self.drop(job)
        self._pool.shutdown(cancel_futures=True)

    def __len__(self) -> int:
        return sum(job.ended is None for job in self._jobs.values())

    def _work(self, job: Job, analyse: Callable[[], int]) -> None:
        if job.cancelled.is_set():
            return
        job.state = "running"
        try:
            job.state = "failed" if analyse() else "done"
        except _CancelledError:
            job.state = "cancelled"
        except VyrazError as error:
            job.failed(str(error))
            job.state = "failed"
        except Exception:
            _log.exception("a job failed")
            job.message, job.state = "an error of vyraz itself; the server's log says more", "failed"
        finally:
            job.ended = time.monotonic()
            if job.cancelled.is_set():
                shutil.rmtree(job.folder, ignore_errors=True)
            (job.folder / "video").unlink(missing_ok=True)

    def _forget_old(self) -> None:
        ended = [(job.ended, job) for job in self._jobs.values() if job.ended is not None]
        latest = sorted(ended, key=lambda pair: pair[0], reverse=True)
        for number, (when, job) in enumerate(latest):
            if number >= self._limits.jobs or time.monotonic() - when > self._limits.job_seconds_kept:
                self.drop(job)


def rows_of(job: Job, form: Literal["csv", "jsonl"]) -> Iterator[str]:
    """The lines of a job's table, as far as it is."""
    rows = _rows(job)
    return _as_csv(rows) if form == "csv" else (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _rows(job: Job) -> Iterator[dict[str, Any]]:
    path = job.folder / _ROWS
    if not path.exists():
        return
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.endswith("\n"):
                yield {**json.loads(line), "source": job.name}


def _as_csv(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    page = io.StringIO()
    for number, row in enumerate(rows):
        writer = csv.DictWriter(page, list(row), lineterminator="\n")
        if number == 0:
            writer.writeheader()
        writer.writerow(row)
        yield page.getvalue()
        page.seek(0)
        page.truncate()


def _analyse(job: Job, recognizer: Recognizer, options: dict[str, Any]) -> int:
    source = Source(str(job.folder / "video"), "video")
    setup = Setup(recognizer.labels, smoothed=options["smooth"] != 0)
    with open_sink(str(job.folder / _ROWS), [source], setup) as sink:
        return pipeline.run(recognizer, [source], [sink], job, **options)


def _keep(video: BinaryIO, path: Path) -> None:
    video.seek(0)
    with path.open("wb") as file:
        shutil.copyfileobj(video, file, 1 << 20)


def _step_back() -> None:
    """Let streams go first where the system knows priorities of threads."""
    if hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


def _sweep() -> None:
    """Remove folders of servers that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        number = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if number.isdigit() and not _runs(int(number)):
            shutil.rmtree(folder, ignore_errors=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
