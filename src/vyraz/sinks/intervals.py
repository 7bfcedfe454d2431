"""Segments as a table (.csv) and as tiers for ELAN (.eaf; extra: elan)."""

import csv
import mimetypes
import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urlsplit

from vyraz.errors import MissingExtraError
from vyraz.segments import Segment, Segments
from vyraz.sinks.base import Names, Setup, Sink, readable, told
from vyraz.sources import Source
from vyraz.types import Frame, Record

__all__ = ["Elan", "SegmentsCsv"]

_COLUMNS = ("source", "face_id", "start", "end", "emotion", "confidence", "frames", "uncertain")


class SegmentsCsv(Sink):
    """The segments of all recordings in one table; each is on disk as soon as it is over. Pictures have none."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream, self._segments = stream, Segments()
        self._writer = csv.writer(stream, lineterminator="\n")
        with told(stream.name):
            self._writer.writerow(_COLUMNS)
            stream.flush()

    def write(self, frame: Frame, records: Sequence[Record]) -> None:
        self._put(self._segments.take(records))

    def end(self) -> None:
        self._put(self._segments.finish())

    def _put(self, segments: Iterable[Segment]) -> None:
        with told(self._stream.name):
            for one in segments:
                times = round(one.start, 6), round(one.end, 6)
                shares = round(one.confidence, 6), one.frames, round(one.uncertain, 4)
                self._writer.writerow((readable(one.source), one.face_id, *times, one.emotion, *shares))
                self._stream.flush()

    def close(self) -> None:
        try:
            self.end()
        finally:
            with told(self._stream.name):
                self._stream.close()


class Elan(Sink):
    """An annotation file of each recording for ELAN: a tier a person, an annotation a segment."""

    def __init__(self, path: Path, sources: Sequence[Source], setup: Setup) -> None:
        try:
            import pympi
        except ImportError:
            raise MissingExtraError("writing .eaf", "elan") from None
        self._new: Any = pympi.Eaf
        self._names = Names(path, sources)
        self._segments, self._found = Segments(), list[Segment]()
        self._target: Path | None = None

    def begin(self, source: Source) -> None:
        self._source = source
        self._target = None

    def write(self, frame: Frame, records: Sequence[Record]) -> None:
        if self._source.is_picture or frame.error is not None:
            return
        if self._target is None:
            self._target = self._names.take(self._source)
        self._found += self._segments.take(records)

    def end(self) -> None:
        found, target = self._found + self._segments.finish(), self._target
        self._found, self._target = [], None
        if target is not None:
            with told(target):
                target.write_bytes(self._document(found, target))

    def close(self) -> None:
        self.end()

    def _document(self, segments: Iterable[Segment], target: Path) -> bytes:
        eaf = self._new(author="vyraz")
        eaf.remove_tier("default")
        _link(eaf, self._source, target)
        ends: dict[int, int] = {}
        for one in sorted(segments, key=lambda one: (one.face_id, one.start)):
            tier = f"person {one.face_id}"
            if one.face_id not in ends:
                eaf.add_tier(tier)
            # Whole milliseconds, at least one long, and never over the last one of the tier.
            start = max(round(1000 * one.start), ends.get(one.face_id, 0))
            ends[one.face_id] = max(round(1000 * one.end), start + 1)
            eaf.add_annotation(tier, start, ends[one.face_id], one.emotion)
        return _bytes_of(eaf)


def _bytes_of(eaf: Any) -> bytes:
    """The file's bytes; pympi itself would move an older file, and whatever has the name of its backup, away."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "new.eaf"
        eaf.to_file(str(path))
        return path.read_bytes()


def _link(eaf: Any, source: Source, target: Path) -> None:
    """Name the recording as ELAN looks for it: by its full address, else by the way from the .eaf file."""
    kind = mimetypes.guess_type(source.name)[0] or "video/mp4"
    if source.kind == "url":
        parts = urlsplit(source.name)
        # Cameras' addresses may hold a password, which is not to be passed on.
        address = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        eaf.add_linked_file(quote(address, safe=":/?#[]@!$&'()*+,;=%"), mimetype=kind)
    elif source.kind == "video":
        path = Path(source.name).resolve()
        eaf.add_linked_file(path.as_uri(), relpath=_way(path, target.resolve().parent), mimetype=kind)


def _way(path: Path, folder: Path) -> str | None:
    try:
        way = Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive
        return None
    return quote(os.fsencode(way if way.startswith("..") else f"./{way}"))
