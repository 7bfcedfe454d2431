"""Which recordings there are, and what their results are called."""

import csv
import glob
import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vyraz.errors import UsageError
from vyraz.sources import VIDEO_SUFFIXES, state_of
from vyraz.stream import is_live

__all__ = ["Recording", "plan"]

#: Files that name recordings, one a line.
_LISTS = (".txt", ".lst", ".list")
#: Columns of a .csv in which a path may stand.
_PATHS = ("path", "file", "source", "recording")
#: Letters of a path that its result's name shows; the rest of the name keeps apart what looks the same.
_SHOWN, _DIGITS = 80, 12


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording.

    source: what its rows say: its id, or its path as it was named.
    path: absolute, or a URL.
    result: name of its result, without a suffix; no other recording's.
    size, changed: bytes, and nanoseconds of its last change, by which it is known again; 0 where it is not there.
    """

    source: str
    path: str
    result: str
    size: int
    changed: int


def plan(names: Sequence[str]) -> list[Recording]:
    """What the user named -> recordings, in order, each once.

    Args:
        names: folders (with all below them), globs, lists of paths (.txt, .lst), tables with a column `path` and
            perhaps `id` (.csv), recordings. Paths in a list are from its own folder.

    Raises:
        UsageError: nothing has this name, a list that cannot be read, one id for two recordings.
    """
    found: dict[str, Recording] = {}
    for name in names:
        for source, path, named in _expand(name):
            one = _recording(source, path, named=named)
            known = found.setdefault(one.result, one)
            if known.path != one.path:
                raise UsageError(f"{name}: {source!r} is the id of two recordings, {known.path} and {one.path}")
    if not found:
        raise UsageError(f"{', '.join(names)}: no recordings there")
    return list(found.values())


#: What rows say, where it is, and whether that is an id.
_Found = tuple[str, str, bool]


def _expand(name: str) -> Iterator[_Found]:
    path = Path(name)
    if "://" in name:
        yield name, _not_live(name), False
    elif path.is_dir():
        yield from _plain(_below(path))
    elif path.exists():
        yield from _list(path)
    elif glob.has_magic(name):
        yield from _plain(one for one in sorted(glob.glob(name, recursive=True)) if _is_recording(one))
    else:
        raise UsageError(f"{name}: no such file or folder")


def _plain(paths: Iterable[str]) -> Iterator[_Found]:
    return ((path, path, False) for path in paths)


def _not_live(name: str) -> str:
    if is_live(name):
        raise UsageError(f"{name}: has no end; an archive is made of recordings, use vyraz analyze")
    return name


def _is_recording(path: str) -> bool:
    return Path(path).suffix.lower() in VIDEO_SUFFIXES and not os.path.isdir(path)


def _below(folder: Path) -> Iterator[str]:
    """Recordings at any depth, and folders that cannot be looked into, so that these are told as failed."""
    closed: list[str] = []
    for place, folders, files in os.walk(folder, onerror=lambda error: closed.append(str(error.filename))):
        folders.sort()
        yield from filter(_is_recording, (os.path.join(place, name) for name in sorted(files)))
    yield from closed


def _list(path: Path) -> Iterator[_Found]:
    suffix = path.suffix.lower()
    if suffix not in (".csv", *_LISTS):
        return iter([(str(path), str(path), False)])
    try:
        text = path.read_text(encoding="utf-8-sig", errors="surrogateescape")
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from error
    return _table(path, text) if suffix == ".csv" else _plain(_beside(path, filter(None, text.splitlines())))


def _table(path: Path, text: str) -> Iterator[_Found]:
    rows = csv.DictReader(text.splitlines())
    column = next((name for name in _PATHS if name in (rows.fieldnames or ())), None)
    if column is None:
        raise UsageError(f"{path}: has no column named {' or '.join(_PATHS)}; its first line must name the columns")
    for row in rows:
        if row[column]:
            (where,) = _beside(path, [row[column]])
            name = row.get("id") or ""
            yield name or where, where, bool(name)


def _beside(path: Path, names: Iterable[str]) -> Iterator[str]:
    return (name if "://" in name else str(path.parent / name) for name in names)


def _recording(source: str, path: str, *, named: bool) -> Recording:
    where = path if "://" in path else os.path.abspath(path)
    size, changed = (0, 0) if "://" in path else state_of(Path(where))
    return Recording(source, where, _name(source if named else where), size, changed)


def _name(key: str) -> str:
    """The end of a path or an id, in letters that every system takes, and a hash of all of it."""
    tail = "-".join(key.rsplit("/", 2)[-2:]) if "://" in key else "-".join(Path(key).parts[-2:])
    shown = "".join(char if char.isascii() and (char.isalnum() or char in "-_.") else "_" for char in tail)
    digest = hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
    return f"{shown[-_SHOWN:].lstrip('.-')}-{digest[:_DIGITS]}"
