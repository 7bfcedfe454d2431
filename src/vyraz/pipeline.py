"""The main job: sources through a recognizer into sinks; one bad source does not stop the rest."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from vyraz.errors import SourceError
from vyraz.recognize import Recognizer
from vyraz.sinks import Sink
from vyraz.sources import Source
from vyraz.types import Frame, Record

__all__ = ["Observer", "run"]


class Observer(Protocol):
    """Told of progress."""

    def begin(self, source: Source) -> None: ...

    def frame(self, frame: Frame, records: Sequence[Record]) -> None: ...

    def failed(self, message: str) -> None: ...


def run(
    recognizer: Recognizer,
    sources: Sequence[Source],
    sinks: Sequence[Sink],
    observer: Observer,
    *,
    every: int = 1,
    smooth: float | None = None,
) -> int:
    """Analyse every source.

    Args:
        recognizer: reads the frames.
        sources: in order; one that fails gives an `error` row, then the next one is taken.
        sinks: opened; the caller closes them.
        observer: told of every frame and failure.
        every: of videos, analyse every Nth frame.
        smooth: see `Recognizer.stream`.

    Returns:
        How many sources failed, wholly or in part.

    Raises:
        SinkError: a result cannot be written; this ends the job.
    """
    options: dict[str, Any] = {"every": every, "smooth": smooth}
    return sum(_run_one(recognizer, source, sinks, observer, options) for source in sources)


def _run_one(
    recognizer: Recognizer, source: Source, sinks: Sequence[Sink], observer: Observer, options: Mapping[str, Any]
) -> bool:
    observer.begin(source)
    for sink in sinks:
        sink.begin(source)
    problems: Counter[str] = Counter()
    reached = 0
    try:
        for frame, records in recognizer.frames(source, **options):
            _pass_on(frame, records, sinks, observer)
            problems.update(f"{source.name}: {record.message}" for record in records if record.status == "error")
            reached = frame.index + 1
    except SourceError as error:
        _pass_on(*_failure(source, reached, str(error)), sinks, observer)
        problems[str(error)] += 1
    for sink in sinks:
        sink.end()
    for message, count in problems.items():
        observer.failed(message + (f" ({count} times)" if count > 1 else ""))
    return bool(problems)


def _failure(source: Source, index: int, message: str) -> tuple[Frame, list[Record]]:
    frame = Frame(np.empty((0, 0, 3), dtype=np.uint8), index, None, source.name, error=message)
    return frame, [Record(source.name, index, None, "error", message=message)]


def _pass_on(frame: Frame, records: Sequence[Record], sinks: Sequence[Sink], observer: Observer) -> None:
    for sink in sinks:
        sink.write(frame, records)
    observer.frame(frame, records)
