"""Pictures and videos with what was read drawn in, and the timeline of a recording."""

from collections.abc import Sequence
from pathlib import Path

import cv2

from vyraz.draw import annotate
from vyraz.report import Timeline
from vyraz.sinks.base import Names, Setup, Sink, told
from vyraz.sources import Source
from vyraz.types import Frame, Pixels, Record
from vyraz.video import VideoWriter

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
    """A copy of each video with what was read drawn in, at the source's own times."""

    def __init__(self, path: Path, sources: Sequence[Source], setup: Setup) -> None:
        self._names, self._setup = Names(path, sources), setup
        self._writer: VideoWriter | None = None

    def begin(self, source: Source) -> None:
        self._writer = None if source.is_picture else VideoWriter(self._names.take(source))

    def write(self, frame: Frame, records: Sequence[Record]) -> None:
        if self._writer is not None and frame.error is None:
            self._writer.write(annotate(frame.pixels, records, blur=self._setup.blur), frame.timestamp or 0.0)

    def end(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    def close(self) -> None:
        self.end()
