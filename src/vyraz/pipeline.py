"""The main job: sources through a recognizer into sinks; one bad source does not stop the rest."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from vyraz.errors import SourceError
from vyraz.journal import Journal, Place
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
    journal: Journal | None = None,
    place: Place | None = None,
) -> int:
    """Analyse every source.

    Args:
        recognizer: reads the frames.
        sources: in order; one that fails gives an `error` row, then the next one is taken.
        sinks: opened; the caller closes them.
        observer: told of every frame and failure.
        every: of videos, analyse every Nth frame.
        smooth: see `Recognizer.frames`.
        journal: told how far it is.
        place: where to go on; the sinks hold what was before.

    Returns:
        How many sources failed, wholly or in part.

    Raises:
        SinkError: a result cannot be written; this ends the job.
    """
    job = _Job(recognizer, sinks, observer, journal, {"every": every, "smooth": smooth})
    place = place or Place()
    job.save(place)
    for number, source in enumerate(sources[place.source :], start=place.source):
        failed = job.run(source, place)
        place = Place(number + 1, failed=place.failed + failed)
        job.save(place)
    return place.failed


@dataclass(frozen=True, slots=True)
class _Job:
    recognizer: Recognizer
    sinks: Sequence[Sink]
    observer: Observer
    journal: Journal | None
    options: Mapping[str, Any]

    def run(self, source: Source, place: Place) -> bool:
        """One source, from the place on if there is a state; whether it failed."""
        self.observer.begin(source)
        for sink in self.sinks:
            sink.begin(source)
        problems, reached = Counter(place.problems), 0
        try:
            reading = self.recognizer.read(source, **self.options)
            if place.state is not None:
                reading.restore(place.state)
            for some in reading:
                for frame, records in some:
                    self._pass_on(frame, records)
                    self._note(source, problems, [f"{source.name}: {r.message}" for r in records if r.message])
                    reached = frame.index + 1
                if self.journal is not None and self.journal.is_due():
                    self.save(replace(place, state=reading.state(), problems=problems))
        except SourceError as error:
            self._pass_on(*_failure(source, reached, str(error)))
            self._note(source, problems, [str(error)])
        self._end(source, problems)
        return bool(problems)

    def save(self, place: Place) -> None:
        """Note the place, with the size of every table by now."""
        if self.journal is not None:
            self.journal.save(replace(place, sizes=[sink.size() for sink in self.sinks]))

    def _note(self, source: Source, problems: Counter[str], messages: Sequence[str]) -> None:
        """Problems are told at the end of a source, all of a kind at once; those of a stream that may not end, now."""
        problems.update(messages)
        for message in messages if source.is_live else ():
            self.observer.failed(message)

    def _end(self, source: Source, problems: Mapping[str, int]) -> None:
        for sink in self.sinks:
            sink.end()
        for message, count in problems.items() if not source.is_live else ():
            self.observer.failed(message + (f" ({count} times)" if count > 1 else ""))

    def _pass_on(self, frame: Frame, records: Sequence[Record]) -> None:
        for sink in self.sinks:
            sink.write(frame, records)
        self.observer.frame(frame, records)


def _failure(source: Source, index: int, message: str) -> tuple[Frame, list[Record]]:
    frame = Frame(np.empty((0, 0, 3), dtype=np.uint8), index, None, source.name, error=message)
    return frame, [Record(source.name, index, None, "error", message=message)]
