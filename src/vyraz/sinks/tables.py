"""Tables: .csv, .jsonl, .parquet, and JSON lines on stdout."""

import csv
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from vyraz.errors import MissingExtraError, SinkError
from vyraz.sinks.base import Setup, Sink, row_of, told
from vyraz.types import Frame, Record

__all__ = ["Csv", "JsonLines", "Parquet", "part_of"]

#: A Parquet file is made anew once there are this many times the rows it holds.
_GROWTH = 1.5
#: Types of the columns that are not floating point.
_TYPES = {"source": "string", "frame": "int64", "face_id": "int64", "emotion": "string", "status": "string"}


class _Table(Sink):
    """A text file, on disk after every frame; `at` is the size from which to go on."""

    def __init__(self, path: Path | None, setup: Setup, *, at: int | None = None) -> None:
        self._path, self._setup = path, setup
        self._stream = _stdout() if path is None else _open(path, at)
        if at is None:
            self._start()

    def _start(self) -> None:
        """Whatever comes before the first row."""

    def _put(self, row: dict[str, Any]) -> None:
        raise NotImplementedError

    def write(self, frame: Frame, records: Sequence[Record]) -> None:
        with told(self._path or "stdout"):
            for record in records:
                self._put(row_of(record, self._setup))
            self._stream.flush()

    def size(self) -> int:
        with told(self._path or "stdout"):
            self._stream.flush()
            return 0 if self._path is None else self._path.stat().st_size

    def close(self) -> None:
        if self._path is not None:
            with told(self._path):
                self._stream.close()


class Csv(_Table):
    """Comma-separated values with a header."""

    def _start(self) -> None:
        csv.DictWriter(self._stream, _columns(self._setup), lineterminator="\n").writeheader()

    def _put(self, row: dict[str, Any]) -> None:
        csv.DictWriter(self._stream, list(row), lineterminator="\n").writerow(row)


class JsonLines(_Table):
    """One JSON object a line."""

    def _put(self, row: dict[str, Any]) -> None:
        self._stream.write(json.dumps(row, ensure_ascii=False) + "\n")


class Parquet(Csv):
    """A Parquet file with a fixed schema.

    Rows are kept in PATH.part.csv until the end, as a Parquet file cannot be read before it is complete. From
    there the file is made when the sink is closed, and now and then before, so that a kill leaves a readable
    one.
    """

    def __init__(self, path: Path, setup: Setup, *, at: int | None = None) -> None:
        try:
            import pyarrow.csv
            import pyarrow.parquet  # noqa: F401
        except ImportError:
            raise MissingExtraError("writing .parquet", "parquet") from None
        with told(path):
            path.open("ab").close()
        self._target, self._made, self._interrupted = path, 0, False
        super().__init__(part_of(path), setup, at=at)

    def size(self) -> int:
        size = super().size()
        if size > self._made * _GROWTH:
            self._make()
            self._made = size
        return size

    def __exit__(self, *error: object) -> None:
        self._interrupted = error[0] is not None
        super().__exit__(*error)

    def close(self) -> None:
        super().close()
        self._make()
        if not self._interrupted:
            part_of(self._target).unlink(missing_ok=True)

    def _make(self) -> None:
        """The Parquet file anew from all rows, in bounded memory; renamed when complete."""
        import pyarrow as pa
        import pyarrow.csv
        import pyarrow.parquet

        scratch = self._target.with_name(f"{self._target.name}.tmp")
        schema = pa.schema([(name, getattr(pa, _TYPES.get(name, "float64"))()) for name in _columns(self._setup)])
        with told(self._target):
            rows = pa.csv.open_csv(
                part_of(self._target),
                parse_options=pa.csv.ParseOptions(newlines_in_values=True),
                convert_options=pa.csv.ConvertOptions(column_types=schema, strings_can_be_null=True),
            )
            with pa.parquet.ParquetWriter(scratch, schema) as writer:
                for batch in rows:
                    writer.write_batch(batch)
            scratch.replace(self._target)


def part_of(path: Path) -> Path:
    """Where the rows of a Parquet file are until it is complete."""
    return path.with_name(f"{path.name}.part.csv")


def _columns(setup: Setup) -> list[str]:
    return list(row_of(Record("", 0, None, "no_face"), setup))


def _open(path: Path, at: int | None) -> IO[str]:
    with told(path):
        if at is None:
            return path.open("w", newline="", encoding="utf-8")
        if path.stat().st_size < at:
            raise SinkError(f"{path}: is shorter than it was when the analysis stopped; start anew without --resume")
        os.truncate(path, at)
        return path.open("a", newline="", encoding="utf-8")


def _stdout() -> IO[str]:
    if sys.stdout is None:
        raise SinkError("stdout is closed; give -o a file")
    return sys.stdout
