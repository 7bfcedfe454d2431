"""What a terminal shows of an archive: how far it is, on stderr, and a table of it, on stdout."""

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from rich.markup import escape
from rich.progress import BarColumn, SpinnerColumn, TaskProgressColumn, TextColumn
from rich.table import Table

from vyraz import ferplus
from vyraz.archive.plan import Recording
from vyraz.archive.task import Outcome, Task
from vyraz.console import Bar, duration, errors, print_error, print_note, results

__all__ = ["BatchProgress", "print_archive"]

#: Seconds between two lines where there is no terminal.
_EVERY = 60.0
#: Rows of a table that one still reads; the file holds all.
_MOST_ROWS = 100


class BatchProgress(Bar):
    """Recordings and hours of footage done, speed, time left, failures. A context manager, for many threads.

    Args:
        quiet: show failures only.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._quiet, self._lock = quiet, threading.Lock()
        self._total = self._todo = self._done = self._failed = 0
        self._size = self._passed = 0
        self._seconds, self._running = 0.0, dict[str, float]()
        self._began = self._said = time.monotonic()
        super().__init__(
            SpinnerColumn(), BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"), quiet=quiet
        )

    def begin(self, recordings: int, todo: int, size: int) -> None:
        self._total, self._todo, self._size = recordings, todo, size + todo
        self._began = time.monotonic()
        if not self._quiet and todo < recordings:
            print_note(f"{recordings - todo:,} of {recordings:,} recordings were done before")

    def beat(self, task: Task, seconds: float) -> None:
        with self._lock:
            self._running[task.name] = seconds
        self._show()

    def passed(self, task: Task, seconds: float) -> None:
        with self._lock:
            self._running.pop(task.name, None)
            self._seconds += seconds
            self._passed += task.bytes
        self._show()

    def finished(self, recording: Recording, outcome: Outcome) -> None:
        self._done += 1
        self._passed += 1
        if outcome.state != "done":
            self._failed += 1
            print_error(f"{recording.source}: {outcome.error}")
        self._show()

    @property
    def line(self) -> str:
        """How far it is, in words."""
        with self._lock:
            footage = self._seconds + sum(self._running.values())
        passed = time.monotonic() - self._began
        parts = [
            f"{self._done:,}/{self._todo:,} recordings",
            f"{footage / 3600:.2f} h of footage",
            f"{footage / passed:.0f}x real time" if passed else "",
            f"{duration(passed * (self._size - self._passed) / self._passed)} left" if self._passed else "",
            f"{self._failed:,} failed" if self._failed else "",
        ]
        return "  ".join(filter(None, parts))

    def _show(self) -> None:
        line, now = self.line, time.monotonic()
        self._bar.update(self._task, description=line, completed=self._passed, total=self._size)
        if not self._quiet and not errors.is_terminal and now - self._said >= _EVERY:
            self._said = now
            print_note(line)


def print_archive(rows: Sequence[Mapping[str, Any]]) -> None:
    """A row a recording, on stdout, of the first hundred, with its commonest emotion, and a line about all."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("recording", overflow="fold", min_width=12)
    for name in ("length", "persons", "mostly", "uncertain", "no face", "errors", "speed"):
        table.add_column(name, justify="left" if name == "mostly" else "right", no_wrap=True)
    for row in rows[:_MOST_ROWS]:
        table.add_row(escape(row["source"]), *_cells(row))
    results.print(table)
    results.print(f"\n{_total(rows)}", soft_wrap=True)


def _cells(row: Mapping[str, Any]) -> list[str]:
    if row["state"] in ("failed", "pending"):
        return [row["state"]]
    share, name = max((row.get(name) or 0.0, name) for name in ferplus.LABELS)
    mostly = f"{name} {share:.0%}" if share else "-"
    doubts = (_percent(row[name]) for name in ("uncertain", "no_face"))
    speed = "-" if row["speed"] is None else f"{row['speed']:.0f}x"
    return [duration(row["seconds"]), str(row["persons"]), mostly, *doubts, str(row["errors"]), speed]


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"


def _total(rows: Sequence[Mapping[str, Any]]) -> str:
    states = [row["state"] for row in rows]
    counts = ", ".join(f"{states.count(name):,} {name}" for name in ("done", "partial", "failed", "pending"))
    return f"{len(rows):,} recordings: {counts}; {sum(row['seconds'] or 0 for row in rows) / 3600:.2f} h of footage"
