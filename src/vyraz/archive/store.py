"""Where results go: a folder, or a URL that fsspec knows (s3://, gs://, file://)."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from vyraz.errors import MissingExtraError, SinkError
from vyraz.sinks.base import told

__all__ = ["WORK", "Store", "open_store"]

#: Folder below the results for what is not complete yet.
WORK = ".work"


def open_store(out: str) -> "Store":
    """The store of a folder or URL.

    Raises:
        MissingExtraError: a URL, and fsspec is not installed.
        SinkError: it cannot be reached or made.
    """
    return _Remote(out) if "://" in out else _Folder(Path(out))


class Store:
    """Files are there whole or not at all. Their names are relative, with / between folders.

    Every method raises SinkError where the system refuses.
    """

    def names(self) -> set[str]:
        """The files that lie directly in it."""
        raise NotImplementedError

    def has(self, name: str) -> bool:
        raise NotImplementedError

    def read(self, name: str) -> IO[str]:
        """A text file."""
        raise NotImplementedError

    def remove(self, name: str) -> None:
        """Also one that is not there."""
        raise NotImplementedError

    def clear(self, folder: str) -> None:
        """Remove a folder with all below it, also one that is not there."""
        raise NotImplementedError

    def tidy(self) -> None:
        """Remove what those who were killed have left; nobody else may be writing."""

    def writing(self, name: str) -> Any:
        """A context with a local path to write to; it gets its name when the context is left without an error."""
        raise NotImplementedError


class _Folder(Store):
    def __init__(self, root: Path) -> None:
        self._root = root
        with told(root):
            root.mkdir(parents=True, exist_ok=True)

    def names(self) -> set[str]:
        with told(self._root), os.scandir(self._root) as entries:
            return {entry.name for entry in entries}

    def has(self, name: str) -> bool:
        return (self._root / name).exists()

    def read(self, name: str) -> IO[str]:
        with told(self._root / name):
            return (self._root / name).open(encoding="utf-8")

    def remove(self, name: str) -> None:
        with told(self._root / name):
            (self._root / name).unlink(missing_ok=True)

    def clear(self, folder: str) -> None:
        shutil.rmtree(self._root / folder, ignore_errors=True)

    def tidy(self) -> None:
        for path in (self._root / WORK).glob("tmp-*"):
            shutil.rmtree(path, ignore_errors=True)

    @contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        target, work = self._root / name, self._root / WORK
        with told(target):
            work.mkdir(exist_ok=True)
            target.parent.mkdir(parents=True, exist_ok=True)
            scratch = Path(tempfile.mkdtemp(prefix="tmp-", dir=work))
        try:
            yield scratch / target.name
            with told(target):
                _to_disk(scratch / target.name)
                os.replace(scratch / target.name, target)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def _to_disk(path: Path) -> None:
    """A name must not outlive a power failure that its bytes do not."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


class _Remote(Store):
    def __init__(self, url: str) -> None:
        try:
            import fsspec
        except ImportError:
            raise MissingExtraError(f"writing to {url}", "cluster") from None
        self._url = url
        with self._told():
            self._files, self._root = fsspec.core.url_to_fs(url)
            self._files.makedirs(self._root, exist_ok=True)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Each file system has errors of its own; all of them say what was wrong."""
        try:
            yield
        except Exception as error:
            raise SinkError(f"{self._url}: cannot be used ({error})") from error

    def _at(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}"

    def names(self) -> set[str]:
        with self._told():
            self._files.invalidate_cache()
            try:
                return {path.rsplit("/", 1)[-1] for path in self._files.ls(self._root, detail=False)}
            except FileNotFoundError:  # object stores have no empty folders
                return set()

    def has(self, name: str) -> bool:
        with self._told():
            self._files.invalidate_cache()
            return bool(self._files.exists(self._at(name)))

    def read(self, name: str) -> IO[str]:
        with self._told():
            file: IO[str] = self._files.open(self._at(name), "r", encoding="utf-8")
            return file

    def remove(self, name: str) -> None:
        with self._told():
            if self._files.exists(self._at(name)):
                self._files.rm_file(self._at(name))

    def clear(self, folder: str) -> None:
        with self._told():
            if self._files.exists(self._at(folder)):
                self._files.rm(self._at(folder), recursive=True)

    @contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="vyraz-") as folder:
            path = Path(folder) / Path(name).name
            yield path
            with self._told():
                self._files.makedirs(self._at(name).rsplit("/", 1)[0], exist_ok=True)
                # Within a transaction fsspec gives a file its name only when it is complete.
                with self._files.transaction, path.open("rb") as here, self._files.open(self._at(name), "wb") as there:
                    shutil.copyfileobj(here, there)
