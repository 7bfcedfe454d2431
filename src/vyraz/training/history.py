"""The history of a run: one JSON line an epoch, on disk before the next epoch starts."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vyraz.errors import RunError
from vyraz.training.whole import whole

__all__ = ["append_epoch", "read_history", "truncate_history"]


def append_epoch(path: Path, row: Mapping[str, Any]) -> None:
    """Add one line and force it to disk.

    Raises:
        RunError: it cannot be written.
    """
    try:
        with path.open("a", encoding="utf-8") as handle:
            handle.write(json.dumps(row) + "\n")
            handle.flush()
            os.fsync(handle.fileno())
    except OSError as error:
        raise RunError(f"{path}: cannot be written ({error.strerror})") from error


def read_history(path: Path) -> list[dict[str, Any]]:
    """All complete epochs, oldest first; a last line torn by a kill is left out.

    Raises:
        RunError: a line before the last is damaged, or the file cannot be read.
    """
    try:
        # A damaged file need not be text; what cannot be decoded then fails as JSON, with its line.
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
    except OSError as error:
        raise RunError(f"{path}: cannot be read ({error.strerror})") from error
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(lines, start=1):
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError as error:
            if number < len(lines):
                raise RunError(f"{path}: line {number} is damaged; the run cannot be read") from error
    return rows


def truncate_history(path: Path, epochs: int) -> None:
    """Keep the first `epochs` rows: those whose checkpoint exists.

    Raises:
        RunError: there are not so many, or the file cannot be read or written.
    """
    rows = read_history(path)[:epochs]
    if len(rows) < epochs:
        raise RunError(f"{path}: has {len(rows)} epochs but the checkpoint has {epochs}; start the run anew")
    with whole(path) as scratch:
        scratch.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
