"""Pictures and videos with what was read drawn in, and the timeline of a recording."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2

from vyraz.blur import Veil, Veiled, hide
from vyraz.draw import Overlay, annotate
from vyraz.encode import VideoWriter
from vyraz.report import Timeline
from vyraz.sinks.base import Names, Setup, Sink, told
from vyraz.sources import Source
from vyraz.steady import Steady
from vyraz.types import Frame, Pixels, Record

__all__ = ["AnnotatedPicture", "AnnotatedVideo"]


class AnnotatedPicture(Sink):
    """The picture with what was read; of a recording, the timeline."""

    def __init__(self, path: Path, sources: Sequence[Source], setup: Setup) -> None:
        self._names, self._setup = Names(path, sources), setup
        self._timeline: Timeline | None = None

    def begin(self, source: Source) -> None:
        self._source, self._target = source, self._names.take(source)

    def write(self, frame: Frame, records: Sequence[Record]) -> None:
        if frame.error is not None:
            return
        if self._source.is_picture:
            self._save(annotate(frame.pixels, records, blur=self._setup.blur))
            return
        if self._timeline is None:
            self._timeline = Timeline(self._setup.labels, Path(self._source.name).name)
        for record in records:
            self._timeline.add(record)

    def _save(self, pixels: Pixels) -> None:
        bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
        with told(self._target):
            self._target.write_bytes(cv2.imencode(self._target.suffix, bgr)[1].tobytes())

    def end(self) -> None:
        timeline, self._timeline = self._timeline, None
        if timeline is not None:
            timeline.save(self._target)

    def close(self) -> None:
        self.end()


class AnnotatedVideo(Sink):
    """A copy of each video with what was read drawn in, its sound, and the source's own times."""

    def __init__(self, path: Path, sources: Sequence[Source], setup: Setup) -> None:
        self._names, self._setup = Names(path, sources), setup
        self._writer: VideoWriter | None = None

    def begin(self, source: Source) -> None:
        self._steady, self._overlay = Steady(), Overlay()
        self._veil = Veil() if self._setup.blur else None
        # A pipe or a camera cannot be read a second time, for its sound.
        file = source.name if source.kind == "video" and Path(source.name).is_file() else None
        self._writer = None if source.is_picture else VideoWriter(self._names.take(source), file)

    def write(self, frame: Frame, records: Sequence[Record]) -> None:
        if self._writer is None or frame.error is not None:
            return
        for ready in [Veiled(frame, records)] if self._veil is None else self._veil.take(frame, records):
            self._draw(ready)

    def _draw(self, ready: Veiled) -> None:
        if self._writer is None:
            return
        canvas = ready.frame.pixels.copy()
        hide(canvas, ready.boxes)
        self._overlay.draw(canvas, [self._steadied(record, ready.time) for record in ready.records])
        self._writer.write(canvas, ready.time)

    def _steadied(self, record: Record, seconds: float) -> Record:
        """The record with the box to draw; the tables keep the one that was found."""
        if record.box is None:
            return record
        return replace(record, box=self._steady.update(record.face_id, record.box, seconds))

    def end(self) -> None:
        self._complete(whole=True)

    def close(self) -> None:
        self._complete(whole=False)

    def _complete(self, *, whole: bool) -> None:
        """Write what still waits; an interrupted copy ends with its last picture, a whole one with its source."""
        if self._writer is None:
            return
        try:
            for ready in self._veil.flush() if self._veil is not None else ():
                self._draw(ready)
        finally:
            writer, self._writer = self._writer, None
            writer.close(whole=whole)
