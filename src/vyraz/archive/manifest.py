"""What is known of every recording of an archive, in a file that a kill at any moment leaves whole."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vyraz.archive.plan import Recording
from vyraz.archive.task import Outcome, Settings
from vyraz.errors import SinkError, UsageError
from vyraz.sinks.base import readable

__all__ = ["Manifest", "locked"]

_FILE, _LOCK = "recordings.sqlite", "lock.sqlite"

_TABLES = """
CREATE TABLE IF NOT EXISTS recordings (
    result TEXT PRIMARY KEY, source TEXT, path TEXT, size INTEGER, changed INTEGER, state TEXT, error TEXT,
    file TEXT, settings TEXT, versions TEXT, finished TEXT, seconds REAL, elapsed REAL, frames INTEGER, rows INTEGER,
    persons INTEGER, faces INTEGER, uncertain INTEGER, no_face INTEGER, errors INTEGER, shown TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS settings (digest TEXT PRIMARY KEY, chosen TEXT) WITHOUT ROWID;
"""
_NEW = "INSERT INTO recordings (result, source, path, size, changed, state) VALUES (?, ?, ?, ?, ?, 'pending')"
_KNOWN = "SELECT state, settings, size, changed, file FROM recordings WHERE result = ?"


@contextmanager
def locked(folder: Path, out: str) -> Iterator[None]:
    """Keep others from the archive. The lock is the system's: it ends with the process, however that ends.

    Raises:
        UsageError: another one is at work.
        SinkError: the folder cannot be written.
    """
    with closing(_connect(folder / _LOCK)) as connection:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise SinkError(f"{folder}: cannot be locked ({error})") from error
            raise UsageError(f"{out}: another vyraz batch is at work there; wait for it, or stop it") from None
        yield


class Manifest:
    """The table of recordings. A context manager.

    Args:
        folder: where its file is.
        digest: of the settings of this run.

    Raises:
        SinkError: it cannot be read or written.
    """

    def __init__(self, folder: Path, digest: str = "") -> None:
        self._digest, self._path = digest, folder / _FILE
        self._connection = _connect(self._path)
        with self._told():
            self._connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;" + _TABLES)
            self._connection.row_factory = sqlite3.Row

    def __enter__(self) -> "Manifest":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def note(self, settings: Settings, fingerprint: str) -> None:
        """What the digest stands for."""
        chosen = json.dumps(settings.named(fingerprint))
        with self._told(), self._connection:
            self._connection.execute("INSERT OR IGNORE INTO settings VALUES (?, ?)", (self._digest, chosen))

    def register(self, recordings: Iterable[Recording], there: set[str], *, retry: bool) -> list[Recording]:
        """Enter new recordings; give those that are to be done, from now on `pending`.

        Args:
            recordings: all.
            there: names of the results that exist.
            retry: also what failed, wholly or in part.
        """
        with self._told(), self._connection:
            return [one for one in recordings if self._is_due(one, there, retry=retry)]

    def _is_due(self, one: Recording, there: set[str], *, retry: bool) -> bool:
        known = self._connection.execute(_KNOWN, (one.result,)).fetchone()
        if known is None:
            values = (one.result, readable(one.source), readable(one.path), one.size, one.changed)
            self._connection.execute(_NEW, values)
            return True
        same = (known["settings"], known["size"], known["changed"]) == (self._digest, one.size, one.changed)
        again = retry and known["state"] in ("failed", "partial")
        lost = known["state"] in ("done", "partial") and known["file"] not in there
        if same and not again and not lost and known["state"] != "pending":
            return False
        self._connection.execute("UPDATE recordings SET state = 'pending' WHERE result = ?", (one.result,))
        return True

    def file_of(self, result: str) -> str | None:
        """The file that a recording's last result has, perhaps with other settings."""
        with self._told():
            known: str | None = self._connection.execute(_KNOWN, (result,)).fetchone()["file"]
        return known

    def finish(self, one: Recording, outcome: Outcome, file: str | None) -> None:
        """Enter what became of a recording; `file` is the name of its result, None where there is none."""
        values: dict[str, Any] = {name: getattr(outcome, name) for name in _OUTCOME}
        values |= {"shown": json.dumps(outcome.shown), "error": readable(outcome.error), "file": file}
        values |= {"size": one.size, "changed": one.changed, "settings": self._digest, "finished": _now()}
        values |= {"source": readable(one.source)}
        changes = ", ".join(f"{name} = :{name}" for name in values)
        with self._told(), self._connection:
            values["result"] = one.result
            self._connection.execute(f"UPDATE recordings SET {changes} WHERE result = :result", values)

    def states(self, results: Sequence[str]) -> dict[str, int]:
        """How many of some recordings are in each state."""
        with self._told():
            states = Counter(self._connection.execute(_KNOWN, (result,)).fetchone()["state"] for result in results)
        return {state: states[state] for state in ("done", "partial", "failed") if states[state]}

    def rows(self) -> Iterator[Mapping[str, Any]]:
        """All recordings, by source; `shown` is label -> rows."""
        with self._told():
            for row in self._connection.execute("SELECT * FROM recordings ORDER BY source, result"):
                yield {**dict(row), "shown": json.loads(row["shown"] or "{}")}

    @contextmanager
    def _told(self) -> Iterator[None]:
        with _told(self._path):
            yield


_OUTCOME = tuple(one.name for one in fields(Outcome))


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise SinkError(f"{path}: cannot be used ({error})") from error


def _connect(path: Path) -> sqlite3.Connection:
    with _told(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SinkError(f"{path.parent}: cannot be made ({error.strerror})") from error
        return sqlite3.connect(path, timeout=0)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
