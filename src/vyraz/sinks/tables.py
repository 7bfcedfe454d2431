"""Tables: .csv, .jsonl, .parquet, and JSON lines on stdout."""

import csv
import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from vyraz.errors import MissingExtraError
from vyraz.sinks.base import Setup, Sink, row_of, told
from vyraz.types import Frame, Record

__all__ = ["Csv", "JsonLines", "Parquet"]

#: Rows that a Parquet file gathers before it writes them as a row group.
_ROW_GROUP = 8192


class _Table(Sink):
    def __init__(self, stream: IO[str], setup: Setup) -> None:
        self._stream, self._setup = stream, setup

    def _put(self, row: dict[str, Any]) -> None:
        raise NotImplementedError

    def write(self, frame: Frame, records: Sequence[Record]) -> None:
        with told(getattr(self._stream, "name", "the table")):
            for record in records:
                self._put(row_of(record, self._setup))
            self._stream.flush()

    def close(self) -> None:
        if self._stream is not sys.stdout:
            with told(self._stream.name):
                self._stream.close()


class Csv(_Table):
    """Comma-separated values with a header; on disk after every frame."""

    def __init__(self, stream: IO[str], setup: Setup) -> None:
        super().__init__(stream, setup)
        columns = list(row_of(Record("", 0, None, "no_face"), setup))
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

    def __init__(self, path: Path, setup: Setup) -> None:
        try:
            import pyarrow as pa
            import pyarrow.parquet as pq
        except ImportError:
            raise MissingExtraError("writing .parquet", "parquet") from None
        self._setup, self._rows = setup, list[dict[str, Any]]()
        texts, whole = dict.fromkeys(("source", "emotion", "status"), pa.string()), {"frame": pa.int64()}
        types = texts | whole | {"face_id": pa.int64()}
        columns = row_of(Record("", 0, None, "no_face"), setup)
        self._schema = pa.schema([(name, types.get(name, pa.float64())) for name in columns])
        self._table, self._path = pa.Table, path
        with told(path):
            self._writer = pq.ParquetWriter(path, self._schema)

    def write(self, frame: Frame, records: Sequence[Record]) -> None:
        self._rows += [row_of(record, self._setup) for record in records]
        if len(self._rows) >= _ROW_GROUP:
            self._flush()

    def _flush(self) -> None:
        with told(self._path):
            self._writer.write_table(self._table.from_pylist(self._rows, schema=self._schema))
        self._rows.clear()

    def close(self) -> None:
        with told(self._path), ExitStack() as stack:
            stack.callback(self._writer.close)
            if self._rows:
                self._flush()
