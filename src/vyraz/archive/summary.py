"""What an archive holds, recording by recording, from its manifest alone."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from vyraz.archive.manifest import Manifest
from vyraz.errors import UsageError
from vyraz.sinks.base import told
from vyraz.types import EMOTIONS

__all__ = ["summarise"]

Row = Mapping[str, Any]


def summarise(folder: Path) -> tuple[list[Row], Path]:
    """Write `summary.csv` beside the manifest.

    Args:
        folder: of the manifest.

    Returns:
        A row a recording, by source, and the file. `speed` is seconds of footage a second of work; the shares are of
        rows with a face, `uncertain` too, and `no_face` is of frames: all 0..1, None where there are none.

    Raises:
        UsageError: no archive is there.
        SinkError: the file cannot be written.
    """
    if not (folder / "recordings.sqlite").exists():
        raise UsageError(f"{folder}: there is no manifest; name the folder that vyraz batch wrote to with -d")
    with Manifest(folder) as manifest:
        known = list(manifest.rows())
    labels = list(_labels(known))
    rows, path = [_row(one, labels) for one in known], folder / "summary.csv"
    _write(path, rows)
    return rows, path


def _labels(known: Sequence[Row]) -> Iterator[str]:
    """Those of FER-2013 in its order, then what other models have."""
    seen = {label for one in known for label in one["shown"]}
    yield from (label for label in EMOTIONS if label in seen)
    yield from sorted(seen - set(EMOTIONS))


def _row(one: Row, labels: Sequence[str]) -> Row:
    first = {name: one[name] for name in ("source", "state", "seconds", "frames", "rows", "persons", "faces")}
    shares = {label: _share(one["shown"].get(label, 0), one["faces"]) for label in labels}
    return {
        **first,
        **shares,
        "uncertain": _share(one["uncertain"], one["faces"]),
        "no_face": _share(one["no_face"], one["frames"]),
        "errors": one["errors"],
        "speed": _share(one["seconds"], one["elapsed"]),
        **{name: one[name] for name in ("error", "file", "path", "finished", "versions", "settings")},
    }


def _share(part: float | None, whole: float | None) -> float | None:
    return round(part / whole, 4) if part is not None and whole else None


def _write(path: Path, rows: Sequence[Row]) -> None:
    with told(path), path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]) if rows else ["source"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
