"""The work itself: a recording -> its result file. It knows nothing of processes, machines or other recordings."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from vyraz import pipeline
from vyraz.archive.store import open_store
from vyraz.archive.task import Outcome, Reply, Settings, Task
from vyraz.errors import SourceError
from vyraz.pictures import is_picture
from vyraz.recognize import Recognizer
from vyraz.sinks import Setup, Sink, open_sink
from vyraz.sources import Source
from vyraz.types import Frame, Record
from vyraz.video import seconds_of

__all__ = ["Renamed", "Tally", "Tell", "analyse", "open_table"]

#: Told how long a recording is (None: not known), and now and then how much of it is done, both in seconds.
Tell = Callable[[float | None, float], None]

#: Seconds between two times that this is told.
_BEAT = 1.0


def analyse(recognizer: Recognizer, settings: Settings, task: Task, tell: Tell) -> Reply:
    """Make the result of one recording; there is none where nothing of it could be read.

    Args:
        recognizer: made of the settings.
        settings: what the result depends on.
        task: of kind `whole`.
        tell: of progress.

    Returns:
        The fields of an `Outcome`.

    Raises:
        SinkError: the result cannot be written.
    """
    began, tally = time.monotonic(), Tally(task.path, tell)
    try:
        with open_store(task.out).writing(task.name) as path, open_table(path, recognizer, settings) as table:
            options: dict[str, Any] = {"every": settings.every, "smooth": settings.smooth}
            pipeline.run(recognizer, [_source(task.path)], [Renamed(table, task.source), tally], tally, **options)
            if not tally.outcome.frames:
                raise SourceError(tally.problem)
    except SourceError as error:
        return asdict(Outcome("failed", str(error), elapsed=time.monotonic() - began))
    return tally.reply(time.monotonic() - began)


def _source(path: str) -> Source:
    return Source(path, "url" if "://" in path else "picture" if is_picture(Path(path)) else "video")


def open_table(path: Path, recognizer: Recognizer, settings: Settings) -> Sink:
    """A table with the columns that all tables of the archive have, also that of a recording without faces."""
    return open_sink(str(path), [], Setup(recognizer.labels, smoothed=settings.smooth != 0))


class Renamed(Sink):
    """Passes records on with the name that rows are to have."""

    def __init__(self, table: Sink, source: str) -> None:
        self._table, self._name = table, source

    def write(self, frame: Frame, records: Sequence[Record]) -> None:
        self._table.write(frame, [replace(record, source=self._name) for record in records])


class Tally(Sink):
    """Counts what a recording gives, and tells of progress; also the observer of the pipeline.

    Args:
        path: of the recording.
        tell: of progress.
    """

    def __init__(self, path: str, tell: Tell) -> None:
        self.outcome, self._path, self._tell = Outcome(), path, tell
        self._first, self._step, self._length = 0.0, 0.0, seconds_of(path)
        self._last: float | None = None
        self._people, self._shown, self._messages = set[int](), Counter[str](), list[str]()
        self._told = time.monotonic()
        tell(self._length, 0.0)

    def write(self, frame: Frame, records: Sequence[Record]) -> None:
        for record in records:
            self._count(record)
        failed = records[0].status == "error"
        self.outcome.errors += failed
        self.outcome.frames += not failed
        if frame.timestamp is not None:
            self._go_to(frame.timestamp)

    def frame(self, *_: object) -> None:
        now = time.monotonic()
        if now - self._told >= _BEAT:
            self._told = now
            self._tell(self._length, self._seconds)

    def failed(self, message: str) -> None:
        self._messages.append(message)

    def reply(self, elapsed: float) -> Reply:
        """The outcome, after the last frame; `elapsed` are seconds of work."""
        done = self.outcome
        done.state, done.error = "partial" if self._messages else "done", self.problem
        done.seconds, done.elapsed = round(self._seconds, 3), round(elapsed, 3)
        done.persons, done.shown = len(self._people), dict(self._shown)
        return asdict(done)

    @property
    def problem(self) -> str:
        """What is wrong with the recording, or nothing."""
        return "; ".join(message.removeprefix(f"{self._path}: ") for message in self._messages)

    @property
    def _seconds(self) -> float:
        """Until the end of the last frame, which is taken to last as long as the one before."""
        return 0.0 if self._last is None else self._last - self._first + self._step

    def _go_to(self, seconds: float) -> None:
        if self._last is None:
            self._first = seconds
        else:
            self._step = seconds - self._last
        self._last = seconds

    def _count(self, record: Record) -> None:
        self.outcome.rows += 1
        self.outcome.no_face += record.status == "no_face"
        self.outcome.uncertain += record.status == "uncertain"
        if record.box is not None:
            self.outcome.faces += 1
            self._shown[record.emotion or ""] += 1
        if record.face_id is not None:
            self._people.add(record.face_id)
