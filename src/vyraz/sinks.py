"""Where results go: tables (.csv .jsonl .parquet), annotated video (.mp4), pictures (.png .jpg).

Tables hold all sources of a call. A picture or a video shows one source: with several sources, the
source's name is put into the file's name. A picture of a recording is its timeline.
"""

import csv
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

import cv2

from vyraz.draw import annotate
from vyraz.errors import MissingExtraError, SinkError, UsageError
from vyraz.report import Timeline, require_plots
from vyraz.sources import Source
from vyraz.types import Frame, Pixels, Record
from vyraz.video import VideoWriter

__all__ = ["SUFFIXES", "Sink", "open_sink"]

_PICTURES = (".png", ".jpg", ".jpeg")
SUFFIXES = (".csv", ".jsonl", ".parquet", ".mp4", ".png", ".jpg")

#: Rows that a Parquet file gathers before it writes them as a row group.
_ROW_GROUP = 8192


class Sink:
    """Takes records source by source. A context manager: leaving it completes the file, also after an error."""

    def begin(self, source: Source) -> None:
        """The records that follow are of this source."""

    def write(self, frame: Frame, records: Sequence[Record]) -> None:
        """The records of one frame."""

    def end(self) -> None:
        """The source is complete."""

    def close(self) -> None:
        """No more will come."""

    def __enter__(self) -> "Sink":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_sink(target: str, sources: Sequence[Source], labels: Sequence[str], *, blur: bool = False) -> Sink:
    """The sink that a file's suffix asks for; `-` is JSON lines on stdout.

    Args:
        target: the file.
        sources: all that will come.
        labels: the model's, a column each.
        blur: make faces unrecognisable in what is drawn.

    Raises:
        UsageError: a suffix that is not known, a file that is one of the sources, or nothing to draw.
        MissingExtraError: the form needs a package that is not installed.
        SinkError: the file cannot be written.
    """
    if target == "-":
        return JsonLines(_stdout(), labels)
    path = Path(target)
    _refuse_overwriting(path, sources)
    suffix = path.suffix.lower()
    if suffix in (".csv", ".jsonl"):
        return (Csv if suffix == ".csv" else JsonLines)(_open_text(path), labels)
    if suffix == ".parquet":
        return Parquet(path, labels)
    if suffix == ".mp4":
        return _video_sink(path, sources, blur)
    if suffix in _PICTURES:
        return _picture_sink(path, sources, labels, blur)
    raise UsageError(f"{target}: no form of result has this suffix; there are: {', '.join(SUFFIXES)}, or - for stdout")


class _Table(Sink):
    def __init__(self, stream: IO[str], labels: Sequence[str]) -> None:
        self._stream, self._labels = stream, tuple(labels)

    def _put(self, row: dict[str, Any]) -> None:
        raise NotImplementedError

    def write(self, frame: Frame, records: Sequence[Record]) -> None:
        with _told(getattr(self._stream, "name", "the table")):
            for record in records:
                self._put(_row(record, self._labels))
            self._stream.flush()

    def close(self) -> None:
        if self._stream is not sys.stdout:
            with _told(self._stream.name):
                self._stream.close()


class Csv(_Table):
    """Comma-separated values with a header; on disk after every frame."""

    def __init__(self, stream: IO[str], labels: Sequence[str]) -> None:
        super().__init__(stream, labels)
        columns = list(Record("", 0, None, "no_face").row(labels))
        self._writer = csv.DictWriter(stream, columns, lineterminator="\n")
        self._writer.writeheader()

    def _put(self, row: dict[str, Any]) -> None:
        self._writer.writerow(row)


class JsonLines(_Table):
    """One JSON object a line; on disk after every frame."""

    def _put(self, row: dict[str, Any]) -> None:
        self._stream.write(json.dumps(row, ensure_ascii=False) + "\n")


class Parquet(Sink):
    """A Parquet file with a fixed schema, readable as soon as it is closed."""

    def __init__(self, path: Path, labels: Sequence[str]) -> None:
        try:
            import pyarrow as pa
            import pyarrow.parquet as pq
        except ImportError:
            raise MissingExtraError("writing .parquet", "parquet") from None
        self._labels, self._rows = tuple(labels), list[dict[str, Any]]()
        texts, whole = dict.fromkeys(("source", "emotion", "status"), pa.string()), {"frame": pa.int64()}
        types = texts | whole | {"face_id": pa.int64()}
        columns = Record("", 0, None, "no_face").row(labels)
        self._schema = pa.schema([(name, types.get(name, pa.float64())) for name in columns])
        self._table, self._path = pa.Table, path
        with _told(path):
            self._writer = pq.ParquetWriter(path, self._schema)

    def write(self, frame: Frame, records: Sequence[Record]) -> None:
        self._rows += [_row(record, self._labels) for record in records]
        if len(self._rows) >= _ROW_GROUP:
            self._flush()

    def _flush(self) -> None:
        with _told(self._path):
            self._writer.write_table(self._table.from_pylist(self._rows, schema=self._schema))
        self._rows.clear()

    def close(self) -> None:
        with _told(self._path), ExitStack() as stack:
            stack.callback(self._writer.close)
            if self._rows:
                self._flush()


class AnnotatedPicture(Sink):
    """The picture with what was read; of a recording, the timeline."""

    def __init__(self, path: Path, sources: Sequence[Source], labels: Sequence[str], *, blur: bool) -> None:
        self._names, self._labels, self._blur = _Names(path, sources), labels, blur
        self._timeline: Timeline | None = None

    def begin(self, source: Source) -> None:
        self._source, self._target = source, self._names.take(source)

    def write(self, frame: Frame, records: Sequence[Record]) -> None:
        if frame.error is not None:
            return
        if self._source.is_picture:
            self._save(annotate(frame.pixels, records, blur=self._blur))
            return
        if self._timeline is None:
            self._timeline = Timeline(self._labels, Path(self._source.name).name)
        for record in records:
            self._timeline.add(record)

    def _save(self, pixels: Pixels) -> None:
        bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
        with _told(self._target):
            self._target.write_bytes(cv2.imencode(self._target.suffix, bgr)[1].tobytes())

    def end(self) -> None:
        timeline, self._timeline = self._timeline, None
        if timeline is not None:
            timeline.save(self._target)

    def close(self) -> None:
        self.end()


class AnnotatedVideo(Sink):
    """A copy of each video with what was read drawn in, at the source's own times."""

    def __init__(self, path: Path, sources: Sequence[Source], *, blur: bool) -> None:
        self._names, self._blur = _Names(path, sources), blur
        self._writer: VideoWriter | None = None

    def begin(self, source: Source) -> None:
        self._writer = None if source.is_picture else VideoWriter(self._names.take(source))

    def write(self, frame: Frame, records: Sequence[Record]) -> None:
        if self._writer is not None and frame.error is None:
            self._writer.write(annotate(frame.pixels, records, blur=self._blur), frame.timestamp or 0.0)

    def end(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    def close(self) -> None:
        self.end()


class _Names:
    """The file of each source: the one asked for; with several sources one each, that is nothing else's."""

    def __init__(self, path: Path, sources: Sequence[Source]) -> None:
        self._path, self._several = path, len(sources) > 1
        self._taken = {Path(source.name).absolute() for source in sources}

    def take(self, source: Source) -> Path:
        if not self._several:
            return self._path
        plain = "".join(char if char.isalnum() or char in "-_." else "_" for char in Path(source.name).name)[-100:]
        found, again = self._path.with_name(f"{self._path.stem}-{plain}{self._path.suffix}"), 1
        while found.absolute() in self._taken:
            again += 1
            found = found.with_name(f"{self._path.stem}-{plain}-{again}{self._path.suffix}")
        self._taken.add(found.absolute())
        return found


def _refuse_overwriting(path: Path, sources: Sequence[Source]) -> None:
    if any(_same(path, Path(source.name)) for source in sources if source.kind in ("picture", "video")):
        raise UsageError(f"{path}: is one of the sources; choose another name for the result")


def _same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:
        return False


def _video_sink(path: Path, sources: Sequence[Source], blur: bool) -> Sink:
    videos = [source for source in sources if not source.is_picture and not source.problem]
    if sources and not videos and any(source.is_picture for source in sources):
        raise UsageError(f"{path}: an annotated video needs a video; for pictures use .png or .jpg")
    _check_writable(path)
    return AnnotatedVideo(path, sources, blur=blur)


def _picture_sink(path: Path, sources: Sequence[Source], labels: Sequence[str], blur: bool) -> Sink:
    if any(not source.is_picture and not source.problem for source in sources):
        require_plots()
    _check_writable(path)
    return AnnotatedPicture(path, sources, labels, blur=blur)


def _row(record: Record, labels: Sequence[str]) -> dict[str, Any]:
    """The flat record; a file name's bytes that are no UTF-8 are replaced, for no table can hold them."""
    name = record.source.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return record.row(labels) | {"source": name}


def _stdout() -> IO[str]:
    if sys.stdout is None:
        raise SinkError("stdout is closed; give -o a file")
    return sys.stdout


def _open_text(path: Path) -> IO[str]:
    with _told(path):
        return path.open("w", newline="", encoding="utf-8")


def _check_writable(path: Path) -> None:
    with _told(path):
        existed = os.path.lexists(path)
        path.open("ab").close()
        if not existed:
            path.unlink()


@contextmanager
def _told(path: object) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except FileNotFoundError as error:
        raise SinkError(f"{path}: cannot be written (there is no folder {Path(str(path)).parent})") from error
    except OSError as error:
        raise SinkError(f"{path}: cannot be written ({os.strerror(error.errno) if error.errno else error})") from error
